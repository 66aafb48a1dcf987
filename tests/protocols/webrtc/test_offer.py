import time

import pytest
from aiortc.sdp import SessionDescription

from protocols.contract.errors import InvalidInput, TooLarge
from protocols.webrtc.offer import Offer, read_offer
from tests.protocols.webrtc.offers import CHROME, FINGERPRINT, FIREFOX, HOST, REFLEXIVE, mutant

_LONGEST_READ_SECONDS = 0.05


def read(sdp: str, loopback: bool = False) -> Offer:
    return read_offer(sdp, "offer", loopback=loopback)


def fault_of(sdp: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(sdp)
    return caught.value.message


def without(sdp: str, *starts: str) -> str:
    return "".join(f"{line}\r\n" for line in sdp.split("\r\n")[:-1] if not line.startswith(starts))


def test_a_chrome_offer_is_written_anew_from_what_was_understood() -> None:
    assert read(CHROME) == Offer(
        sdp="\r\n".join(
            [
                "v=0",
                "o=- 1 1 IN IP4 0.0.0.0",
                "s=-",
                "t=0 0",
                "a=group:BUNDLE 0 1",
                "m=audio 9 UDP/TLS/RTP/SAVPF 111",
                "c=IN IP4 0.0.0.0",
                "a=sendrecv",
                "a=rtcp:9 IN IP4 0.0.0.0",
                "a=rtcp-mux",
                "a=rtpmap:111 opus/48000/2",
                "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
                "a=mid:0",
                "a=ice-ufrag:Ab/+",
                "a=ice-pwd:aBcDeFgHiJkLmNoPqRsTuVw+",
                f"a=fingerprint:sha-256 {FINGERPRINT}",
                "a=setup:actpass",
                "a=candidate:1 1 udp 2122260223 192.168.1.20 54321 typ host",
                "a=candidate:4 1 udp 1686052607 203.0.113.7 40000 typ srflx",
                "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
                "c=IN IP4 0.0.0.0",
                "a=sctp-port:5000",
                "a=max-message-size:262144",
                "a=mid:1",
                "a=ice-ufrag:Ab/+",
                "a=ice-pwd:aBcDeFgHiJkLmNoPqRsTuVw+",
                f"a=fingerprint:sha-256 {FINGERPRINT}",
                "a=setup:actpass",
                "",
            ]
        ),
        transport_mid="0",
        takes_audio=True,
        has_channel=True,
    )


def test_a_firefox_offer_gets_its_transport_from_where_it_stands() -> None:
    offer = read(FIREFOX)
    assert offer.sdp.count(f"a=fingerprint:sha-256 {FINGERPRINT}\r\n") == 2
    assert offer.sdp.count("a=ice-ufrag:0123abcd\r\n") == 2
    assert offer.sdp.count("a=candidate:") == 1
    assert "a=max-message-size:1073741823\r\n" in offer.sdp
    assert "end-of-candidates" not in offer.sdp
    assert (offer.transport_mid, offer.takes_audio, offer.has_channel) == ("0", True, True)


@pytest.mark.parametrize(
    ("line", "largest"),
    [
        ("", 65_536),
        ("a=max-message-size:0\r\n", 0),  # of any size
        ("a=max-message-size:99999999999999999999\r\n", 2**30),
    ],
)
def test_how_large_a_message_may_be_is_within_reason(line: str, largest: int) -> None:
    offer = read(CHROME.replace("a=max-message-size:262144\r\n", line))
    assert f"a=max-message-size:{largest}\r\n" in offer.sdp


def test_of_several_groups_the_one_that_was_checked_is_passed_on() -> None:
    groups = "a=group:BUNDLE 7 é\r\na=group:BUNDLE 1 0"
    offer = read(CHROME.replace("a=group:BUNDLE 0 1", groups))
    assert [line for line in offer.sdp.splitlines() if "group" in line] == ["a=group:BUNDLE 1 0"]
    assert offer.transport_mid == "1"


def test_audio_alone_needs_no_group() -> None:
    sdp = without(CHROME[: CHROME.index("m=application")], "a=group")
    offer = read(sdp)
    assert (offer.has_channel, "group" in offer.sdp) == (False, False)


def test_the_channel_may_stand_first_and_carry_the_transport() -> None:
    session, _, media = CHROME.partition("m=audio")
    audio, _, channel = media.partition("m=application")
    group = session.replace("BUNDLE 0 1", "BUNDLE 1 0")
    offer = read(f"{group}m=application{channel}m=audio{audio}")
    assert offer.transport_mid == "1"
    assert (
        offer.sdp.index("m=application")
        < offer.sdp.index("a=candidate")
        < offer.sdp.index("m=audio")
    )


@pytest.mark.parametrize(
    ("direction", "takes"), [("sendrecv", True), ("sendonly", False), ("recvonly", True)]
)
def test_the_direction_tells_whether_our_voice_is_heard(direction: str, takes: bool) -> None:
    offer = read(CHROME.replace("a=sendrecv", f"a={direction}"))
    assert (offer.takes_audio, f"a={direction}\r\n" in offer.sdp) == (takes, True)


def test_an_offer_that_names_no_direction_goes_both_ways() -> None:
    assert "a=sendrecv\r\n" in read(without(CHROME, "a=sendrecv")).sdp


def test_a_light_ice_agent_is_known_as_one() -> None:
    assert "a=ice-lite\r\n" in read(CHROME.replace("a=group", "a=ice-lite\r\na=group")).sdp


def test_candidates_on_loopback_pass_only_where_allowed() -> None:
    sdp = CHROME.replace("192.168.1.20 54321 typ host", "127.0.0.1 54321 typ host")
    assert "127.0.0.1 54321" not in read(sdp).sdp
    assert "127.0.0.1 54321" in read(sdp, loopback=True).sdp


def test_thirty_two_candidates_are_enough_and_repeated_ones_count_once() -> None:
    def crowded(count: int) -> str:
        extra = [HOST.replace("54321", str(30_000 + n)) for n in range(count)]
        lines = "".join(f"a={line}\r\n" for line in [*extra, *extra])
        return CHROME.replace(f"a={HOST}\r\n", "").replace(f"a={REFLEXIVE}\r\n", lines)

    assert read(crowded(32)).sdp.count("a=candidate") == 32
    assert "more than 32 candidates" in fault_of(crowded(33))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("v=0", "v=1"), "v=0"),
        (("Ab/+", "Ab\x00+"), "control characters"),
        (("s=-", "nonsense"), "<letter>=<value>"),
        (("m=application", "m=video"), "one m=audio section"),
        (("m=audio 54321", "m=audio x"), "m= line"),
        (("m=audio 54321", "m=audio 0"), "port 0"),
        (("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "UDP/TLS/RTP/SAVPF"),
        (("UDP/DTLS/SCTP", "UDP/SCTP"), "UDP/DTLS/SCTP"),
        (("a=mid:0", "a=mid:"), "a=mid"),
        (("a=mid:1", "a=mid:0"), "share one a=mid"),
        (("BUNDLE 0 1", "BUNDLE 0"), "a=group:BUNDLE"),
        (("BUNDLE 0 1", "LS 0 1"), "a=group:BUNDLE"),
        (("a=ice-ufrag:Ab/+", "a=ice-ufrag:A"), "ice-ufrag is missing"),
        (("a=ice-pwd:", "a=x:"), "ice-pwd is missing"),
        (("fingerprint:sha-256", "fingerprint:md5"), "fingerprint is missing"),
        (("AB:AB", "AB:XY"), "fingerprint is missing"),
        (("setup:actpass", "setup:holdconn"), "setup is missing"),
        (("opus/48000/2", "opus/8000"), "Opus"),
        (("rtpmap:111 ", "rtpmap:112 "), "Opus"),
        (("a=rtcp-mux\r\n", ""), "rtcp-mux"),
        (("a=sendrecv", "a=inactive"), "inactive"),
        (("a=sctp-port:5000", "a=sctp-port:0"), "sctp-port"),
        (("a=sctp-port:5000\r\n", ""), "sctp-port"),
        (("max-message-size:262144", "max-message-size:many"), "max-message-size"),
        (("192.168.1.20 54321", "192.168.1.20 99999"), "candidate"),
    ],
)
def test_a_fault_is_named(change: tuple[str, str], problem: str) -> None:
    assert problem in fault_of(CHROME.replace(*change))


@pytest.mark.parametrize("kind", ["answer", "pranswer", "", "Offer"])
def test_only_offers_are_taken(kind: str) -> None:
    with pytest.raises(InvalidInput, match="type"):
        read_offer(CHROME, kind, loopback=False)


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "hello",
        "v=0",
        "v=0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 1_000,
        CHROME + f"a={HOST}\r\n" * 5_000,
        CHROME + "a=x:" + "y" * 1_000_000,
        CHROME + "a=x\n" * 1_499,
        CHROME + "é" * 40_000,
        "\n" * 65_000,
    ],
    ids=["empty", "text", "no media", "media", "candidates", "line", "lines", "bytes", "newlines"],
)
def test_what_is_empty_or_huge_is_refused_at_once(sdp: str) -> None:
    started = time.thread_time()
    with pytest.raises(InvalidInput):
        read(sdp)
    assert time.thread_time() - started < _LONGEST_READ_SECONDS


def test_what_is_too_large_is_told_so() -> None:
    with pytest.raises(TooLarge):
        read(CHROME + "a=x:" + "y" * 70_000)


def test_of_many_mutants_each_is_refused_in_time_or_made_safe_for_the_library() -> None:
    taken = 0
    for seed in range(600):
        sdp = mutant(seed)
        started = time.thread_time()
        try:
            offer = read(sdp)
        except InvalidInput:
            continue
        finally:
            assert time.thread_time() - started < _LONGEST_READ_SECONDS, seed
        taken += 1
        parsed = SessionDescription.parse(offer.sdp)
        assert [m.rtp.codecs[0].mimeType for m in parsed.media if m.kind == "audio"] == [
            "audio/opus"
        ]
        assert all(m.ice and m.ice.usernameFragment and m.dtls for m in parsed.media)
        mids = sorted(m.rtp.muxId for m in parsed.media)
        assert [sorted(group.items) for group in parsed.group] == ([mids] if mids[1:] else [])
    assert 100 < taken < 500  # else the mutations are too rough or too mild to tell anything


def test_candidates_in_private_networks_pass_only_where_allowed() -> None:
    def hosts(private: bool) -> list[str]:
        sdp = read_offer(CHROME, "offer", loopback=False, private=private).sdp
        lines = (line.split(" ") for line in sdp.splitlines())
        return [words[4] for words in lines if words[0].startswith("a=candidate:")]

    assert hosts(private=True) == ["192.168.1.20", "203.0.113.7"]
    assert hosts(private=False) == ["203.0.113.7"]

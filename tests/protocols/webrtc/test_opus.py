import pytest

from protocols.webrtc.opus import agreed, duration_ticks, opus_rate, stops_transmission


@pytest.mark.parametrize(
    ("rate", "coded_at"), [(8_000, 8_000), (16_000, 16_000), (22_050, 48_000), (24_000, 24_000)]
)
def test_sound_is_coded_at_its_own_rate_if_opus_has_it(rate: int, coded_at: int) -> None:
    assert opus_rate(rate) == coded_at


@pytest.mark.parametrize(
    ("payload", "ticks"),
    [
        (bytes([0 << 3]), 480),  # SILK, 10 ms
        (bytes([3 << 3]), 2_880),
        (bytes([12 << 3]), 480),  # hybrid
        (bytes([13 << 3]), 960),
        (bytes([16 << 3]), 120),  # CELT, 2.5 ms
        (b"\xf8\xff\xfe", 960),
        (bytes([31 << 3 | 1]), 1_920),  # two frames
        (bytes([31 << 3 | 2, 0]), 1_920),
        (bytes([31 << 3 | 3, 0xC3]), 2_880),  # as many as the second byte says
        (bytes([31 << 3 | 3]), 0),
        (bytes([3 << 3 | 3, 48]), 0),  # longer than a packet may be
        (b"", 0),
    ],
)
def test_a_packet_tells_how_long_it_lasts(payload: bytes, ticks: int) -> None:
    assert duration_ticks(payload) == ticks


def test_a_packet_of_one_or_two_bytes_stops_the_transmission() -> None:
    assert [stops_transmission(bytes(size)) for size in (1, 2, 3)] == [True, True, False]


SDP = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=mid:0\r\n"


@pytest.mark.parametrize(
    ("own_receiver", "parameters"),
    [
        (True, "minptime=10;useinbandfec=1;stereo=0;usedtx=1;maxplaybackrate=16000"),
        (False, "minptime=10;useinbandfec=1;stereo=0"),
    ],
)
def test_an_answer_says_what_of_opus_may_be_used(own_receiver: bool, parameters: str) -> None:
    assert agreed(SDP, 16_000, own_receiver=own_receiver) == SDP.replace(
        "a=mid", f"a=fmtp:111 {parameters}\r\na=mid"
    )

"""Offers as clients write them, and ways to break them."""

import random
from collections.abc import Callable

HOST = "candidate:1 1 udp 2122260223 192.168.1.20 54321 typ host generation 0"
TCP = "candidate:2 1 tcp 1518280447 192.168.1.20 9 typ host tcptype active generation 0"
MDNS = (
    "candidate:3 1 udp 2122194687 0f8a3a7c-3f0f-4a52-b4a5-6a1d5b8e7b11.local 50000 typ host "
    "generation 0 network-cost 999"
)
REFLEXIVE = (
    "candidate:4 1 udp 1686052607 203.0.113.7 40000 typ srflx raddr 192.168.1.20 rport 54321 "
    "generation 0"
)
FINGERPRINT = ":".join(["AB"] * 32)


def _lines(text: str) -> str:
    return "\r\n".join(line.strip() for line in text.strip().splitlines()) + "\r\n"


CHROME = _lines(f"""
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 54321 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 192.168.1.20
a=rtcp:9 IN IP4 0.0.0.0
a={HOST}
a={TCP}
a={MDNS}
a={REFLEXIVE}
a=ice-ufrag:Ab/+
a=ice-pwd:aBcDeFgHiJkLmNoPqRsTuVw+
a=ice-options:trickle
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:stream track
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1001 cname:abc
a=ssrc:1001 msid:stream track
m=application 50001 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.168.1.20
a={HOST}
a=ice-ufrag:Ab/+
a=ice-pwd:aBcDeFgHiJkLmNoPqRsTuVw+
a=ice-options:trickle
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""")

# Transport at the session's level, a bundle-only channel, an explicit end of the candidates.
FIREFOX = _lines(f"""
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 5486 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 {FINGERPRINT.lower()}
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=candidate:0 1 UDP 2122252543 192.168.1.20 54321 typ host
a=candidate:1 2 UDP 2122252542 192.168.1.20 54322 typ host
a=sendrecv
a=end-of-candidates
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=ice-pwd:0123456789abcdef0123456789abcdef
a=ice-ufrag:0123abcd
a=mid:0
a=msid:- {{9a1b}}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:1001 cname:{{abc}}
m=application 0 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=bundle-only
a=sendrecv
a=mid:1
a=setup:actpass
a=sctp-port:5000
a=max-message-size:1073741823
""")

_GARBAGE = [
    "\x00",
    "\x85",
    " ",
    "-1",
    "99999999999999999999",
    "é😀",
    "\t",
    "a=",
    "m=",
    "%s",
    "\ud800",
]


def mutant(seed: int) -> str:
    """An offer with one to four faults; the same seed gives the same one."""
    dice = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    lines = dice.choice([CHROME, FIREFOX]).split("\r\n")
    for _ in range(dice.randint(1, 4)):
        dice.choice(_MUTATIONS)(dice, lines)
    return dice.choice(["\r\n", "\r\n", "\n"]).join(lines)


def _delete(dice: random.Random, lines: list[str]) -> None:
    del lines[dice.randrange(len(lines))]
    lines.append("")


def _repeat(dice: random.Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    lines[at:at] = [lines[at]] * dice.choice([1, 2, 40])


def _swap(dice: random.Random, lines: list[str]) -> None:
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _cut(dice: random.Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    lines[at] = lines[at][: dice.randint(0, len(lines[at]))]


def _spoil(dice: random.Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    place = dice.randint(0, len(lines[at]))
    lines[at] = lines[at][:place] + dice.choice(_GARBAGE) + lines[at][place + dice.randint(0, 3) :]


def _replace_word(dice: random.Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    words = lines[at].split(" ")
    words[dice.randrange(len(words))] = dice.choice([*_GARBAGE, *lines[at].split(" ")])
    lines[at] = " ".join(words)


def _swell(dice: random.Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    lines[at] += dice.choice(["x", "9", ":", " 1"]) * dice.choice([10, 300, 70_000])


_MUTATIONS: list[Callable[[random.Random, list[str]], None]] = [
    _delete,
    _repeat,
    _swap,
    _cut,
    _spoil,
    _replace_word,
    _swell,
]

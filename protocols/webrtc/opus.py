"""What Opus packets tell about themselves, and how sound in them is agreed on (pure).

RTP counts Opus at 48 kHz whatever the rate of the sound (RFC 7587, section 4.1): ``ticks`` here.
"""

import re

CLOCK_RATE = 48_000
FRAMES_PER_SECOND = 50
FRAME_SECONDS = 1 / FRAMES_PER_SECOND
FRAME_TICKS = CLOCK_RATE // FRAMES_PER_SECOND

RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

# Three packets of digital silence and one that stops transmission. Browsers stretch and repeat the
# last sound if packets just stop; after these they play silence (measured in Chromium).
CLOSING = (b"\xf8\xff\xfe", b"\xf8\xff\xfe", b"\xf8\xff\xfe", b"\xf8")

_LONGEST_TICKS = CLOCK_RATE * 120 // 1000
_SILK_TICKS = (480, 960, 1920, 2880)
_HYBRID_TICKS = (480, 960)
_CELT_TICKS = (120, 240, 480, 960)
_LONGEST_STOP_BYTES = 2

_RTPMAP = re.compile(r"a=rtpmap:([0-9]+) opus/48000/2\r\n", re.IGNORECASE)


def opus_rate(sample_rate: int) -> int:
    """The rate to code sound of this rate at: its own if Opus knows it."""
    return sample_rate if sample_rate in RATES else CLOCK_RATE


def duration_ticks(payload: bytes) -> int:
    """How long the sound of a packet lasts, in ticks of 48 kHz; 0 if it is no packet.

    RFC 6716, sections 3.1 and 3.2: the first byte tells the frames' length and how they are
    counted, and a packet lasts 120 ms at most.
    """
    if not payload:
        return 0
    configuration, code = payload[0] >> 3, payload[0] & 3
    if configuration < 12:
        ticks = _SILK_TICKS[configuration & 3]
    elif configuration < 16:
        ticks = _HYBRID_TICKS[configuration & 1]
    else:
        ticks = _CELT_TICKS[configuration & 3]
    if code == 0:
        return ticks
    if code < 3:
        return 2 * ticks
    total = ticks * (payload[1] & 0x3F) if len(payload) > 1 else 0
    return total if total <= _LONGEST_TICKS else 0


def stops_transmission(payload: bytes) -> bool:
    """Tell whether a sender falls silent with this packet (DTX: RFC 6716, section 2.1.9)."""
    return len(payload) <= _LONGEST_STOP_BYTES


def agreed(sdp: str, sample_rate: int, *, own_receiver: bool) -> str:
    """Say in an answer what of Opus the sender of the other side may use (RFC 7587, section 6.1).

    Forward error correction costs a few bytes and saves a lost packet. Silence need not be sent,
    and nothing above ``sample_rate`` hertz is heard here: both only where our own receiver is,
    because the stock one turns silence that is not sent into delay, and decodes at 48 kHz.
    """
    asked = "minptime=10;useinbandfec=1;stereo=0"
    if own_receiver:
        asked += f";usedtx=1;maxplaybackrate={sample_rate}"

    def with_parameters(match: re.Match[str]) -> str:
        return f"{match[0]}a=fmtp:{match[1]} {asked}\r\n"

    return _RTPMAP.sub(with_parameters, sdp)

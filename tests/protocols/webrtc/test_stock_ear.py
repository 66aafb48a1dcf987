import asyncio

import av
import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from protocols.webrtc.stock_ear import Microphone, listen
from tests.protocols.webrtc.calls import loud_seconds, pitch, tone

BOUND_SECONDS = 5.0


def frame(pcm: bytes, rate: int = 48_000) -> av.AudioFrame:
    made = av.AudioFrame(format="s16", layout="stereo", samples=len(pcm) // 2)
    stereo = b"".join(pcm[n : n + 2] * 2 for n in range(0, len(pcm), 2))
    made.planes[0].update(stereo)
    made.sample_rate = rate
    return made


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_the_microphone_gives_pieces_of_forty_milliseconds(rate: int) -> None:
    microphone = Microphone(rate)
    sound = tone(440, 1.0, 48_000)
    pieces = [microphone.feed(frame(sound[at : at + 1_920])) for at in range(0, len(sound), 1_920)]
    piece_bytes = rate // 25 * 2
    assert {len(piece) % piece_bytes for piece in pieces} == {0}
    assert max(len(piece) for piece in pieces) == piece_bytes
    heard = b"".join(pieces)
    assert abs(len(heard) - rate * 2) <= 2 * piece_bytes
    assert abs(pitch(heard, rate) - 440) <= 3
    assert microphone.silence() == bytes(piece_bytes)


class Remote(MediaStreamTrack):
    """Gives frames, then nothing for a while, then ends."""

    kind = "audio"

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._frames = frames
        self.ended = asyncio.Event()

    async def recv(self) -> av.AudioFrame:
        if self._frames:
            self._frames -= 1
            return frame(tone(440, 0.02, 48_000))
        await self.ended.wait()
        raise MediaStreamError


async def test_when_nothing_comes_silence_is_heard_until_the_track_ends() -> None:
    heard = bytearray()
    remote = Remote(frames=10)

    async def hear(pcm: bytes) -> None:
        heard.extend(pcm)
        if len(heard) >= 16_000:
            remote.ended.set()

    async with asyncio.timeout(BOUND_SECONDS):
        await listen(remote, 16_000, hear)
    assert abs(loud_seconds(bytes(heard), 16_000) - 0.2) <= 0.05
    assert not any(heard[-6_400:])

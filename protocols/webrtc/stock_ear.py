"""What the client says, the stock way: frames out of aiortc's own jitter buffer and decoder.

Used where ours cannot be (see ``receiving``): later by 80 ms and more, and three times as costly.
"""

import asyncio
from collections.abc import Awaitable, Callable

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.resampler import AudioResampler

_BYTES_PER_SAMPLE = 2
_PIECE_SECONDS = 0.04
_GAP_SECONDS = 0.4


class Microphone:
    """What the client says, in pieces of 40 ms of PCM16 mono at the rate of the conversation."""

    def __init__(self, sample_rate: int) -> None:
        self._piece_bytes = round(sample_rate * _PIECE_SECONDS) * _BYTES_PER_SAMPLE
        # One thread: the filter graph would start one a core for each call, and use none of them.
        self._resampler = AudioResampler(format="s16", layout="mono", rate=sample_rate, threads=1)
        self._rest = bytearray()

    def feed(self, frame: av.AudioFrame) -> bytes:
        """Take a decoded frame; give whole pieces, or nothing."""
        for resampled in self._resampler.resample(frame):
            plane = bytes(resampled.planes[0])
            self._rest += plane[: resampled.samples * _BYTES_PER_SAMPLE]
        whole = len(self._rest) - len(self._rest) % self._piece_bytes
        pieces = bytes(self._rest[:whole])
        del self._rest[:whole]
        return pieces

    def silence(self) -> bytes:
        """Give a piece of silence."""
        return bytes(self._piece_bytes)


async def listen(
    track: MediaStreamTrack, sample_rate: int, hear: Callable[[bytes], Awaitable[None]]
) -> None:
    """Hand what comes on a track to ``hear``, and silence when nothing comes.

    Voice models hear the end of a sentence in the silence after it, and some end a conversation
    that sends no sound at all. Returns when the track ends.
    """
    microphone = Microphone(sample_rate)
    patience_seconds = _GAP_SECONDS
    while True:
        try:
            async with asyncio.timeout(patience_seconds):
                frame = await track.recv()
        except TimeoutError:
            patience_seconds = _PIECE_SECONDS
            await hear(microphone.silence())
            continue
        except MediaStreamError:
            return
        patience_seconds = _GAP_SECONDS
        pcm = microphone.feed(frame) if isinstance(frame, av.AudioFrame) else b""
        if pcm:
            await hear(pcm)

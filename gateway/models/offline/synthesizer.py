"""Text to speech on this machine: SVOX Pico in one small helper process.

One sentence a request, one request at a time: a sentence takes about 30 ms. A request that takes
longer than its limit means that Pico hangs: the process is killed, and the next request starts
another one. A caller that goes away in the middle of a request leaves the pipe in order, because
the request is a task of its own and reads its reply to the end.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from gateway.models.offline import pico_process
from gateway.models.offline.spoken_form import spoken_form
from protocols.contract.errors import InvalidInput, ModelFailed

SAMPLE_RATE = 16_000
VOICES = ("en-US", "en-GB", "de-DE", "es-ES", "fr-FR", "it-IT")
DEFAULT_VOICE = VOICES[0]
TIMEOUT_SECONDS = 5.0

# -P keeps the folder of the script, which is a package of ours, off the path of the helper.
PICO_COMMAND = (sys.executable, "-P", str(Path(pico_process.__file__)))


class SynthesisFailed(ModelFailed):
    """A sentence could not be said. Its text is still good."""


class Synthesizer:
    """The helper process and the way to talk to it. Starts on first use."""

    def __init__(
        self, command: Sequence[str] = PICO_COMMAND, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._command = tuple(command)
        self._timeout_seconds = timeout_seconds
        self._pipe = asyncio.Lock()
        self._process: Process | None = None
        self._requests: set[asyncio.Task[bytes]] = set()
        self._closed = False

    async def speak(self, sentence: str, voice: str = DEFAULT_VOICE) -> bytes:
        """Say one sentence: PCM16 mono at 16 kHz, empty if nothing in it can be said.

        Raises:
            SynthesisFailed: The helper failed, or took longer than its limit.
        """
        return b"".join([await self._request(part, voice) for part in spoken_form(sentence, voice)])

    async def aclose(self) -> None:
        """End the helper; idempotent."""
        self._closed = True
        if self._process is not None:
            _signal_end(self._process)
        async with self._pipe:  # the request under way ends at once: its pipe is broken
            await self._kill()
        if self._requests:
            await asyncio.wait(self._requests)

    async def _request(self, text: str, voice: str) -> bytes:
        request = asyncio.create_task(self._exchange(f"{voice}\n{text}".encode()))
        self._requests.add(request)
        request.add_done_callback(self._forget)
        return await asyncio.shield(request)

    def _forget(self, request: asyncio.Task[bytes]) -> None:
        self._requests.discard(request)
        if not request.cancelled():
            request.exception()  # looked at, even if the caller is gone

    async def _exchange(self, request: bytes) -> bytes:
        async with self._pipe:
            if self._closed:
                raise SynthesisFailed("The synthesizer is shut down.")
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    status, audio = await self._ask(request)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                await self._kill()
                raise SynthesisFailed("The synthesizer did not answer.") from error
        if status != pico_process.SPOKEN:
            raise SynthesisFailed("The synthesizer could not say this.")
        return audio

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        process = await self._running()
        assert process.stdin is not None  # noqa: S101 - both are pipes, see below
        assert process.stdout is not None  # noqa: S101 - as above
        process.stdin.write(pico_process.REQUEST_HEAD.pack(len(request)) + request)
        await process.stdin.drain()
        head = await process.stdout.readexactly(pico_process.REPLY_HEAD.size)
        status, size = pico_process.REPLY_HEAD.unpack(head)
        return status, await process.stdout.readexactly(size)

    async def _running(self) -> Process:
        if self._process is None:
            # A session of its own: Ctrl-C is for the server, which lets running turns end.
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, start_new_session=True
            )
        return self._process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _signal_end(process)
        # Also reads what is left, so that both pipes are closed when this returns.
        await process.communicate()


def choose_voice(voice: str | None = None, language: str | None = None) -> str:
    """Find Pico's voice by its name, or else for a language ("de", "de-DE", also "de-AT").

    Raises:
        InvalidInput: There is none; the message names what there is.
    """
    wanted = (voice or language or DEFAULT_VOICE).replace("_", "-").lower()
    named = [name for name in VOICES if name.lower() == wanted]
    spoken = wanted if voice else wanted.partition("-")[0]
    related = [name for name in VOICES if name.partition("-")[0] == spoken]
    if not named and not related:
        raise InvalidInput(
            f"The offline voice has no {wanted!r}; choose one of {', '.join(VOICES)}."
        )
    return (named or related)[0]


def _signal_end(process: Process) -> None:
    # Not process.kill(): it would take the exit status of an ended process from asyncio's watcher.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)

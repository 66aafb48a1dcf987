"""Servers of text models on the loopback: OpenAI's wire, Ollama's and Anthropic's on one port.

with TextServer() as server:
    server.scripts.add(Answer(("Hello", " you")), Answer(status=429))
    …  # run a client with OPENAI_BASE_URL=server.url + "/v1" and the like
    server.requests.all()
"""

import asyncio
import json
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import h11

from tests.emulators.anthropic_wire import AnthropicWire
from tests.emulators.gemini_wire import GeminiWire
from tests.emulators.http1 import Exchange, serve_http1
from tests.emulators.ollama_wire import OllamaWire
from tests.emulators.openai_wire import OpenAiWire
from tests.emulators.responses_wire import ResponsesWire
from tests.emulators.scripting import Break, Records, Scripts
from tests.emulators.text_answers import Answer, TextWire, demonstrate

_SECONDS = 10
_WIRES: dict[str, TextWire] = {
    "/v1/chat/completions": OpenAiWire(),
    "/v1/responses": ResponsesWire(),
    "/api/chat": OllamaWire(),
    "/v1/messages": AnthropicWire(),
}


class TextServer:
    """Listens while the block runs; each request is answered by the next script, else by echo."""

    def __init__(self) -> None:
        self.scripts: Scripts[Answer | None] = Scripts(None)
        self.requests: Records[dict[str, Any]] = Records()
        self.accepted = 0
        self.port = 0
        self.faults: list[BaseException] = []
        self._left: Records[str] = Records()
        self._thread = Thread(target=self._run, name="text-server")
        self._listening = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(_SECONDS):
            raise RuntimeError(f"the server did not start: {self.faults}")
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_SECONDS)
        if error is None and (self._thread.is_alive() or self.faults):
            raise RuntimeError(f"the server failed: {self.faults or 'it does not stop'}")

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Variables that lead clients here; the keys are nobody's."""
        return {
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_KEY": "example",
            "OLLAMA_HOST": self.url,
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "example",
            "LLAMACPP_BASE_URL": self.url,
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GEMINI_API_KEY": "example",
        }

    def wait_until_left(self, count: int) -> list[str]:
        """The paths of the answers that clients left before their end."""
        return self._left.wait_for(lambda left: list(left) if len(left) >= count else [])

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001  # shown by who stops the server
            self.faults.append(error)
            self._listening.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.create_task(self._attend(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve_http1(reader, writer, self._answer)
        except (OSError, h11.RemoteProtocolError):
            pass  # the client left
        except Exception as error:  # noqa: BLE001  # shown by who stops the server
            self.faults.append(error)
        finally:
            writer.transport.abort()

    async def _answer(self, exchange: Exchange) -> None:
        path = exchange.request.path
        wire = _wire(path)
        if wire is None:
            await exchange.respond(404, [("content-type", "text/plain")], b"no such path")
            return
        body = json.loads(exchange.request.body)
        self.requests.add(body)
        answer = self.scripts.take() or demonstrate(wire.said(body), wire.results(body))
        if answer.status != 200:
            headers = [("content-type", "application/json")]
            await exchange.respond(answer.status, headers, json.dumps(wire.error(answer)).encode())
            return
        try:
            await self._stream(exchange, wire, answer)
        except ConnectionError:
            exchange.gone.set()
        if exchange.gone.is_set():
            self._left.add(path)

    async def _stream(self, exchange: Exchange, wire: TextWire, answer: Answer) -> None:
        await exchange.start(200, [("content-type", wire.content_type)])
        for index, frame in enumerate(wire.frames(answer)):
            if answer.fault is not None and index == answer.fault_after:
                await _fail(exchange, answer.fault)
                return
            await exchange.send(frame)
        await exchange.finish()


def _wire(path: str) -> TextWire | None:
    return GeminiWire() if path.endswith(":streamGenerateContent") else _WIRES.get(path)


async def _fail(exchange: Exchange, fault: Break) -> None:
    match fault:
        case Break.TCP_CUT:
            exchange.cut()
        case Break.END_STREAM:
            await exchange.finish()
        case Break.SILENCE:
            await exchange.gone.wait()
        case _:
            raise ValueError(f"these wires have no {fault.name}")

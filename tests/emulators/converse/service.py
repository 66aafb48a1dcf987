"""The operations Converse and ConverseStream of one emulated Bedrock."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.emulators.converse.checks import InvalidRequest, read_request
from tests.emulators.converse.demonstration import demonstrate
from tests.emulators.converse.events import stream_events, whole_response
from tests.emulators.converse.scripts import Reply, Script
from tests.emulators.event_stream import CONTENT_TYPE, encode, event, exception
from tests.emulators.http1 import Exchange
from tests.emulators.responses import error_response, response_headers
from tests.emulators.scripting import Break, Fault, Records, Refusal, Scripts, StreamException

type Outcome = Literal["running", "complete", "refused", "failed", "client left"]


@dataclass
class Call:
    """One request and what became of it.

    ``events`` are the names of what was sent; ``violation`` says why the request is no valid one.
    """

    model_id: str
    streaming: bool
    body: dict[str, Any]
    arrived_at: float
    outcome: Outcome = "running"
    events: list[str] = field(default_factory=list)
    violation: str | None = None


class ConverseService:
    """Answers by scripts, else by the demonstration; records every call."""

    def __init__(self) -> None:
        self.scripts: Scripts[Script] = Scripts(demonstrate)
        self.calls: Records[Call] = Records()

    def ended(self, count: int) -> list[Call]:
        """The calls, once so many have come and each has ended.

        Raises:
            TimeoutError: that did not happen in time.
        """
        return self.calls.wait_for(
            lambda calls: (
                list(calls)
                if len(calls) >= count and all(call.outcome != "running" for call in calls)
                else []
            )
        )

    @property
    def violations(self) -> list[str]:
        """What was wrong with requests."""
        return [call.violation for call in self.calls.all() if call.violation is not None]

    async def answer(self, exchange: Exchange, model_id: str, *, streaming: bool) -> None:
        """Answer a request whose signature is right."""
        body = exchange.request.body
        call = self.calls.add(Call(model_id, streaming, _loads(body), time.monotonic()))
        outcome: Outcome = "client left"
        try:
            outcome = await self._answer(exchange, call)
        except ConnectionError:
            pass
        finally:
            with self.calls.changing():
                call.outcome = outcome

    async def _answer(self, exchange: Exchange, call: Call) -> Outcome:
        try:
            request = read_request(exchange.request.body)
        except InvalidRequest as error:
            call.violation = str(error)
            return await _refuse(exchange, error.refusal)
        script = self.scripts.take()
        reply = script(request) if callable(script) else script
        if isinstance(reply, Refusal):
            return await _refuse(exchange, reply)
        if await _client_leaves(exchange, reply.wait_seconds):
            return "client left"
        if call.streaming:
            return await self._stream(exchange, call, reply)
        if reply.fault is not None:
            return await _fail_whole(exchange, reply.fault)
        body = json.dumps(whole_response(reply)).encode()
        await exchange.respond(200, response_headers("application/json"), body)
        return "complete"

    async def _stream(self, exchange: Exchange, call: Call, reply: Reply) -> Outcome:
        await exchange.start(200, response_headers(CONTENT_TYPE))
        for index, (name, body) in enumerate(stream_events(reply)):
            if reply.fault is not None and index == reply.fault_after:
                break
            if await _client_leaves(exchange, reply.pause_seconds):
                return "client left"
            await exchange.send(encode(event(name, json.dumps(body).encode())))
            with self.calls.changing():
                call.events.append(name)
        if reply.fault is not None:
            return await _fail_stream(exchange, reply.fault)
        await exchange.finish()
        return "complete"


async def _refuse(exchange: Exchange, refusal: Refusal) -> Outcome:
    await exchange.respond(*error_response(refusal))
    return "refused"


async def _client_leaves(exchange: Exchange, seconds: float) -> bool:
    """Wait; whether the client closed the connection meanwhile or before."""
    if seconds == 0:
        await asyncio.sleep(0)
        return exchange.gone.is_set()
    try:
        async with asyncio.timeout(seconds):
            await exchange.gone.wait()
    except TimeoutError:
        return False
    return True


async def _fail_whole(exchange: Exchange, fault: Fault) -> Outcome:
    """A fault where the answer is no stream: all there is are errors, silence and cuts."""
    if isinstance(fault, StreamException):
        code = fault.kind[0].upper() + fault.kind[1:]
        await exchange.respond(*error_response(Refusal(500, code, fault.message)))
    elif fault is Break.SILENCE:
        await exchange.gone.wait()
    else:
        exchange.cut()
    return "failed"


async def _fail_stream(exchange: Exchange, fault: Fault) -> Outcome:
    if isinstance(fault, StreamException):
        message = json.dumps({"message": fault.message}).encode()
        await exchange.send(encode(exception(fault.kind, message)))
        await exchange.finish()
        return "failed"
    whole = encode(event("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"lost"}}'))
    match fault:
        case Break.TCP_CUT:
            exchange.cut()
        case Break.SILENCE:
            await exchange.gone.wait()
        case Break.TRUNCATED_MESSAGE:
            await exchange.send(whole[: len(whole) // 2])
            await exchange.finish()
        case Break.BAD_CHECKSUM:
            await exchange.send(whole[:-1] + bytes([whole[-1] ^ 1]))
            await exchange.finish()
        case Break.END_STREAM:
            await exchange.finish()
        case _:
            raise ValueError(f"HTTP/1.1 has no {fault.name}")
    return "failed"


def _loads(body: bytes) -> dict[str, Any]:
    try:
        loaded = json.loads(body)
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}

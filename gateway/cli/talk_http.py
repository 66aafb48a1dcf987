"""Says a question over plain HTTP: the WAV is posted, the spoken reply comes back as a whole."""

import asyncio
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from gateway.cli.address import Address
from gateway.cli.answer import Answer, Question
from gateway.cli.call import NOT_UNDERSTOOD
from gateway.cli.client import SESSION_HEADER, http_options, reaching, refusal
from gateway.cli.failures import CommandFailed
from gateway.cli.listening import ToolUse
from protocols.audio import read_wav
from protocols.contract.errors import GatewayError

ANSWER_SECONDS = 180.0  # nothing comes before all is done, and the engines load at their first use


class _ToolCall(Struct, frozen=True):
    name: str
    input: Any = None
    result: Any = None
    status: str = ""


class _Reply(Struct, frozen=True):
    response: str
    transcript: str = ""
    session_id: str = ""
    tool_calls: list[_ToolCall] = []
    audio: bytes | None = None


async def ask(question: Question, address: Address, session: str) -> Answer:
    """Post a question and take the answer.

    Raises:
        CommandFailed: the gateway cannot be reached, refused, or did not answer.
    """
    clock = asyncio.get_running_loop().time
    began_at = clock()
    options = http_options(address) | {"timeout": ANSWER_SECONDS}
    async with httpx.AsyncClient(**options) as client:
        with reaching(address):
            response = await client.post(
                address.invocations,
                content=question.wav,
                headers={
                    SESSION_HEADER: session,
                    "Content-Type": "audio/wav",
                    "Accept": "application/json",
                },
            )
    reply = _reply(response)
    seconds = clock() - began_at
    pcm, sample_rate = _sound(reply)
    return Answer(
        session_id=reply.session_id or session,
        question=reply.transcript,
        reply=reply.response,
        tool_uses=tuple(_tool_use(call) for call in reply.tool_calls),
        latencies=(("end to end", seconds),),
        pcm=pcm,
        sample_rate=sample_rate,
    )


def _reply(response: httpx.Response) -> _Reply:
    try:
        reply = msgspec.json.decode(response.content, type=_Reply)
    except msgspec.MsgspecError:
        raise refusal(response.status_code, response.content) from None
    if not reply.response.strip():
        raise CommandFailed(NOT_UNDERSTOOD)
    return reply


def _sound(reply: _Reply) -> tuple[bytes, int]:
    if not reply.audio:
        return b"", 0
    try:
        return read_wav(reply.audio)
    except GatewayError:
        raise CommandFailed("the audio of the answer is not a WAV file") from None


def _tool_use(call: _ToolCall) -> ToolUse:
    verb = "failed:" if call.status == "error" else "->"
    return ToolUse(call.name, _text(call.input), f"{verb} {_text(call.result)}")


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

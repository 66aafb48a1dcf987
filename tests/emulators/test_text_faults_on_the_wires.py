"""Whatever Bedrock does, a client sees the answer or the promised error, and soon."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from protocols.streaming import SESSION_HEADER
from tests.emulators.converse.scripts import Reply, Script, Text, says
from tests.emulators.converse.service import Call
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    DENIED,
    THROTTLED,
    TOO_LONG,
    UNAVAILABLE,
    Break,
    Fault,
    Refusal,
    StreamException,
)
from tests.emulators.text_wires import WIRES, Seen, Wire, ag_ui, gateway_on, http_json, run_input

pytestmark = pytest.mark.slow

EXPIRED = Refusal(403, "ExpiredTokenException", "The security token is expired")
UNKNOWN_KEY = Refusal(403, "UnrecognizedClientException", "The security token is invalid.")
NO_SUCH_MODEL = Refusal(404, "ResourceNotFoundException", "Could not resolve the model.")
WRONG_MODEL = Refusal(400, "ValidationException", "The provided model identifier is invalid.")
NOT_VALID = Refusal(400, "ValidationException", "The format field is not supported.")
FAILED = Refusal(500, "InternalServerException")
SLOW = Reply((Text("too late"),), wait_seconds=20)


@dataclass(frozen=True)
class Gateway:
    url: str
    aws: AwsEmulator

    async def calls(self, count: int) -> list[Call]:
        """The calls of the model, once so many have ended."""
        return await asyncio.to_thread(self.aws.converse.ended, count)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One process for all tests: its imports take seconds."""
    log = tmp_path_factory.mktemp("gateway") / "log"
    settings = {
        "GATEWAY_TEXT_MODEL": "bedrock",
        "GATEWAY_FIRST_TOKEN_SECONDS": "0.7",
        "GATEWAY_BETWEEN_TOKENS_SECONDS": "0.7",
    }
    with AwsEmulator() as aws, gateway_on(aws.environment(), log, **settings) as url:
        yield Gateway(url, aws)


@pytest.fixture
def gateway(running: Gateway) -> Iterator[Gateway]:
    """The gateway, with an emulator that has seen nothing yet."""
    running.aws.converse.calls.take()
    yield running
    assert running.aws.converse.violations == []
    assert running.aws.converse.scripts.left == 0


@pytest.fixture(params=list(WIRES))
def wire(request: pytest.FixtureRequest) -> Wire:
    return WIRES[request.param]


def agreed(seen: Seen, *expected: str | bool | None) -> bool:
    """Whether the code is the expected one, and what JSON says of trying again."""
    code, retryable = expected
    return seen.code == code and seen.retryable in (retryable, None)


RECOVERED: dict[str, list[Script]] = {
    "throttled twice": [THROTTLED, THROTTLED],
    "unavailable at connect": [UNAVAILABLE],
    "failed at connect": [FAILED],
    "throttled before the first token": [
        says("lost", fault=StreamException("throttlingException"), fault_after=1)
    ],
    "failed before the first token": [
        says("lost", fault=StreamException("internalServerException"), fault_after=0)
    ],
    "ended before the first token": [says("lost", fault=Break.END_STREAM, fault_after=1)],
    "cut before the first token": [says("lost", fault=Break.TCP_CUT, fault_after=1)],
    "cut before anything": [says("lost", fault=Break.TCP_CUT, fault_after=0)],
    "silent before the first token": [says("lost", fault=Break.SILENCE, fault_after=1)],
    "slow to begin": [SLOW],
    "credentials expired": [EXPIRED],
}


@pytest.mark.parametrize("scripts", RECOVERED.values(), ids=RECOVERED)
async def test_what_happens_before_the_first_token_is_recovered_from(
    gateway: Gateway, wire: Wire, scripts: list[Script]
) -> None:
    gateway.aws.converse.scripts.add(*scripts, says("All is well."))
    seen = await wire(gateway.url, run_input("Hi"))
    assert (seen.words, seen.code) == ("All is well.", None)
    assert len(gateway.aws.converse.calls.all()) == len(scripts) + 1


LASTING: dict[str, tuple[Script, int, str, bool]] = {
    "throttled": (THROTTLED, 3, "RATE_LIMIT_EXCEEDED", True),
    "overloaded": (UNAVAILABLE, 3, "UNAVAILABLE", True),
    "silent": (SLOW, 3, "TIMED_OUT", True),
    "access denied": (DENIED, 1, "NOT_CONFIGURED", False),
    "keys refused": (UNKNOWN_KEY, 1, "NOT_CONFIGURED", False),
    "credentials expired": (EXPIRED, 2, "NOT_CONFIGURED", False),
    "model not found": (NO_SUCH_MODEL, 1, "NOT_CONFIGURED", False),
    "model id wrong": (WRONG_MODEL, 1, "NOT_CONFIGURED", False),
    "request not valid": (NOT_VALID, 1, "VALIDATION_ERROR", False),
    "too long": (TOO_LONG, 1, "VALIDATION_ERROR", False),
}


@pytest.mark.parametrize(("script", "calls", "code", "retryable"), LASTING.values(), ids=LASTING)
async def test_what_lasts_is_the_promised_error(
    gateway: Gateway, wire: Wire, script: Script, calls: int, code: str, *, retryable: bool
) -> None:
    gateway.aws.converse.scripts.add(*[script] * calls)
    seen = await wire(gateway.url, run_input("Hi"))
    assert agreed(seen, code, retryable)
    assert seen.words == ""
    assert len(gateway.aws.converse.calls.all()) == calls


MID_STREAM: dict[str, tuple[Fault, str]] = {
    "model stream error": (StreamException("modelStreamErrorException"), "AGENT_ERROR"),
    "internal error": (StreamException("internalServerException"), "AGENT_ERROR"),
    "unavailable": (StreamException("serviceUnavailableException"), "UNAVAILABLE"),
    "throttled": (StreamException("throttlingException"), "RATE_LIMIT_EXCEEDED"),
    "cut": (Break.TCP_CUT, "AGENT_ERROR"),
    "truncated": (Break.TRUNCATED_MESSAGE, "AGENT_ERROR"),
    "checksum wrong": (Break.BAD_CHECKSUM, "AGENT_ERROR"),
    "ended early": (Break.END_STREAM, "AGENT_ERROR"),
    "silent": (Break.SILENCE, "TIMED_OUT"),
}


@pytest.mark.parametrize(("fault", "code"), MID_STREAM.values(), ids=MID_STREAM)
async def test_what_breaks_an_answer_off_is_an_error_and_no_word_comes_twice(
    gateway: Gateway, wire: Wire, fault: Fault, code: str
) -> None:
    gateway.aws.converse.scripts.add(says("One two three", fault=fault, fault_after=3))
    seen = await wire(gateway.url, run_input("Hi"))
    assert agreed(seen, code, True)
    assert seen.words == ("" if wire is http_json else "One two")
    assert len(await gateway.calls(1)) == 1


async def test_a_session_goes_on_after_its_answer_broke_off(gateway: Gateway, wire: Wire) -> None:
    gateway.aws.converse.scripts.add(says("One two", fault=Break.TCP_CUT, fault_after=2))
    run = run_input("Hi")
    assert (await wire(gateway.url, run)).code == "AGENT_ERROR"
    again = run_input("Hello?", thread=run["threadId"])
    assert (await wire(gateway.url, again)).words == "You said: Hello?"


async def test_a_fault_after_a_tool_is_the_same_error(gateway: Gateway, wire: Wire) -> None:
    # strands wraps what a model raises once a tool has run.
    gateway.aws.converse.scripts.add(gateway.aws.converse.scripts.standing, *[THROTTLED] * 3)
    seen = await wire(gateway.url, run_input('call calculator {"expression": "6*7"}'))
    assert agreed(seen, "RATE_LIMIT_EXCEEDED", True)


async def test_a_conversation_that_is_too_long_forgets_its_beginning(gateway: Gateway) -> None:
    run = run_input("Message 0")
    await http_json(gateway.url, run)
    for number in range(1, 4):
        said = run_input(f"Message {number}", thread=run["threadId"])
        await http_json(gateway.url, said)
    gateway.aws.converse.scripts.add(TOO_LONG)
    last = run_input("Message 4", thread=run["threadId"])
    assert await http_json(gateway.url, last) == Seen("You said: Message 4")
    whole, shorter = [call.body["messages"] for call in (await gateway.calls(6))[-2:]]
    assert (len(whole), len(shorter)) == (9, 5)
    assert shorter[0]["content"][0] == {"text": "Message 2"}


async def test_cancelling_closes_the_stream_of_the_model(gateway: Gateway) -> None:
    gateway.aws.converse.scripts.add(Reply((Text(" ".join(["word"] * 1000)),), pause_seconds=0.05))
    run = run_input("Tell me all.")
    running = asyncio.create_task(ag_ui(gateway.url, run))
    await asyncio.to_thread(
        gateway.aws.converse.calls.wait_for, lambda calls: calls and len(calls[0].events) > 2
    )
    session = {SESSION_HEADER: run["threadId"]}
    async with httpx.AsyncClient() as client:
        cancel = {"action": "cancel", "data": {}}
        await client.post(f"{gateway.url}/invocations", json=cancel, headers=session)
    seen = await running
    [call] = await gateway.calls(1)
    assert seen.events[-1]["outcome"]["type"] == "cancelled"
    assert call.outcome == "client left"
    assert len(call.events) < 200


async def test_a_client_that_leaves_closes_the_stream_of_the_model(gateway: Gateway) -> None:
    gateway.aws.converse.scripts.add(says("One two", fault=Break.SILENCE, fault_after=2))
    asked = asyncio.create_task(ag_ui(gateway.url, run_input("Hi")))
    await asyncio.to_thread(
        gateway.aws.converse.calls.wait_for, lambda calls: calls and len(calls[0].events) == 2
    )
    asked.cancel()
    [call] = await gateway.calls(1)
    assert call.outcome == "failed"  # the emulator was silent until the connection closed

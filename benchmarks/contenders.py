"""The same question to three who answer in this process: run, and give the bytes they wrote.

Ours and the reference go all the way from the request's document to the frames of the answer;
bare strands is what both are built on, and its events are dropped.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, cast

from ag_ui.core import RunAgentInput
from ag_ui.encoder import EventEncoder
from ag_ui_strands import StrandsAgent
from strands import Agent
from strands.types.content import Messages

from benchmarks.fast_gateway import settings
from benchmarks.fast_model import TOOLS, FastModel
from benchmarks.scenarios import Scenario, history, run_input
from gateway.app import Gateway
from protocols.contract.conversations import SessionKey
from protocols.invocation import Invocation, choose

_SYSTEM_PROMPT = "You are a helpful assistant."

type Contender = Callable[[Scenario], Awaitable[Sequence[bytes]]]


@cache
def _gateway() -> Gateway:
    return Gateway(settings())


@cache
def _reference() -> StrandsAgent:
    agent = Agent(
        model=FastModel(), tools=list(TOOLS), system_prompt=_SYSTEM_PROMPT, callback_handler=None
    )
    return StrandsAgent(agent=agent, name="reference")


async def ours(scenario: Scenario) -> Sequence[bytes]:
    """Answer as the gateway does behind its door."""
    document = run_input(scenario)
    invocation = Invocation(
        content_type="application/json",
        accept="text/event-stream",
        body=b"",
        document=document,
        session=SessionKey("", document["threadId"]),
        session_given=True,
    )
    protocol = choose(invocation, _gateway().protocols())
    response: Any = await protocol.respond(invocation, _gateway().sessions)
    written = [frames async for frames in response.iterator]
    await response.background()
    return written


async def reference(scenario: Scenario) -> Sequence[bytes]:
    """Answer as the reference does behind its FastAPI endpoint."""
    encoder = EventEncoder()
    run = RunAgentInput.model_validate(run_input(scenario))
    return [encoder.encode(event).encode() async for event in _reference().run(run)]


async def bare(scenario: Scenario) -> Sequence[bytes]:
    """Answer with a new strands agent and drop its events."""
    messages = cast(
        Messages, [{"role": role, "content": [{"text": text}]} for role, text in history(scenario)]
    )
    agent = Agent(
        model=FastModel(),
        messages=messages,
        tools=list(TOOLS),
        system_prompt=_SYSTEM_PROMPT,
        callback_handler=None,
    )
    async for _ in agent.stream_async(scenario.question):
        pass
    return ()


OURS, REFERENCE, BARE = "Agent Gateway", "`ag_ui_strands`", "bare `Agent.stream_async`"
CONTENDERS: dict[str, Contender] = {OURS: ours, REFERENCE: reference, BARE: bare}

"""Whatever happens in a conversation, what the client is told keeps its order."""

import itertools
import random

import pytest

from protocols.contract.errors import ModelFailed
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    ReasoningDelta,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from protocols.contract.inputs import Text
from protocols.live.dialogue import (
    Output,
    Play,
    Say,
)
from tests.ag_ui_verifier import verify
from tests.protocols.live.dialogues import dialogue, documents, told
from tests.protocols.ordering import check_order, without_gateway


@pytest.mark.parametrize("seed", range(100))
def test_any_sequence_of_events_passes_the_order_rules(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
    made = dialogue()
    outputs = made.opened()
    turns, calls = itertools.count(), itertools.count()
    for _ in range(60):
        message = dice.choice("abc")
        call = f"c{next(calls)}"
        choices: list[list[Event]] = [
            [TurnStarted(f"t{next(turns)}")],
            [TextDelta(message, "x")],
            [Transcript(f"{message}s", "assistant", "x", dice.random() < 0.5)],
            [Transcript(f"{message}u", "user", "x", dice.random() < 0.5)],
            [AudioDelta(message, b"ab")],
            [BargeIn()],
            [SpeechStarted()],
            [SpeechStopped(0.2)],
            [ToolStarted(message, call, "t"), ToolArguments(call, "{}"), ToolFinished(call, ())],
            [ReasoningDelta(message, "x")],
            [TurnEnded(dice.choice(["completed", "cancelled"]))],
        ]
        outputs += told(made, *dice.choice(choices))
    outputs += made.ended("ended")
    check_order(without_gateway(documents(outputs)))
    check_audio(outputs)


def check_audio(outputs: list[Output]) -> None:
    """Assert that sound stands between its message's start and either its stop or its flush."""
    open_message: str | None = None
    for output in outputs:
        if isinstance(output, Play):
            assert open_message is not None
        elif isinstance(output, Say) and output.document["type"] == "gateway.audio.start":
            assert open_message is None
            open_message = output.document["messageId"]
        elif isinstance(output, Say) and output.document["type"] in {
            "gateway.audio.stop",
            "gateway.audio.flush",
        }:
            assert open_message == output.document["messageId"]
            open_message = None


def test_the_published_client_accepts_a_whole_conversation() -> None:
    made = dialogue()
    outputs = made.opened() + told(
        made,
        TurnStarted("t1"),
        Transcript("u1", "user", "What is 6 times 7?", final=True),
        ReasoningDelta("m0", "multiply"),
        ToolStarted("m0", "c", "calculator"),
        ToolArguments("c", '{"expression":"6*7"}'),
        ToolRequested("c"),
        ToolFinished("c", (Text("42"),), error=True),
        AudioDelta("m1", b"ab"),
        Transcript("m1", "assistant", "It is 42, and"),
        SpeechStarted(),
        BargeIn(),
        TurnEnded("cancelled"),
        Transcript("u2", "user", "late", final=True),
        TurnStarted("t2"),
        TextDelta("m2", "yes"),
    )
    outputs += made.failed(ModelFailed("The model failed. Try again."))
    outputs += told(made, TurnStarted("t3"), AudioDelta("m3", b"ab"), UsageReported(1, 2, 3))
    outputs += made.ended("stopped")
    verify(without_gateway(documents(outputs)))

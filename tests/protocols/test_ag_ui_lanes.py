"""The work of several agents as AG-UI events: each in its lane, all closed in order."""

from itertools import count
from typing import Any

import pytest
from ag_ui.core import Event as AgUiModel
from pydantic import TypeAdapter

from protocols.ag_ui_events import RunTranslator
from protocols.ag_ui_lanes import Lane
from protocols.contract.errors import ModelFailed
from protocols.contract.events import (
    ActivityChanged,
    AgentEvent,
    Cited,
    Delegated,
    Event,
    InputRequested,
    ReasoningDelta,
    StatePredicted,
    StepEnded,
    StepStarted,
    SubagentEnded,
    SubagentStarted,
    TextDelta,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnEnded,
)
from protocols.contract.inputs import Citation, Text
from tests.ag_ui_verifier import verify

_MODEL: TypeAdapter[Any] = TypeAdapter(AgUiModel)


def run(*events: Event) -> list[dict[str, Any]]:
    """Translate a run; hold it against the SDK's model and the published verifier."""
    numbers = count(1)
    translator = RunTranslator("t", "r", lambda: f"n{next(numbers)}")
    written = translator.start()
    for event in events:
        written += translator.translate(event)
    for each in written:
        _MODEL.validate_python(each)
    verify(written)
    return written[1:]


def kinds(written: list[dict[str, Any]]) -> list[str]:
    return [event["type"] + _owner(event) for event in written]


def _owner(event: dict[str, Any]) -> str:
    return f" {event['subagentRunId']}" if "subagentRunId" in event else ""


def of(owner: str, *events: AgentEvent) -> list[Event]:
    return [Delegated(owner, event) for event in events]


ASKED: list[Event] = [ToolStarted("m", "c", "research"), ToolRequested("c")]
DONE: list[Event] = [ToolFinished("c", (Text("found"),)), TextDelta("n", "It is."), TurnEnded()]


def test_a_subagent_names_the_call_it_works_for_and_owns_what_it_does() -> None:
    written = run(
        *ASKED,
        SubagentStarted("s", "research", "Finds things.", "c", "m"),
        *of("s", ReasoningDelta("i", "hm"), TextDelta("i", "Let me see.")),
        *of("s", ToolStarted("i", "s/1", "look"), ToolArguments("s/1", "{}")),
        *of("s", ToolRequested("s/1"), ToolFinished("s/1", (Text("here"),))),
        *of("s", ActivityChanged("s/1-look", "looking", {"done": 1})),
        SubagentEnded("s"),
        *DONE,
    )
    assert written[2] == {
        "type": "SUBAGENT_STARTED",
        "subagentRunId": "s",
        "name": "research",
        "description": "Finds things.",
        "parentToolCallId": "c",
        "parentMessageId": "m",
    }
    assert kinds(written)[2:] == [
        "SUBAGENT_STARTED s",
        "REASONING_START s",
        "REASONING_MESSAGE_START s",
        "REASONING_MESSAGE_CONTENT s",
        "REASONING_MESSAGE_END s",
        "REASONING_END s",
        "TEXT_MESSAGE_START s",
        "TEXT_MESSAGE_CONTENT s",
        "TEXT_MESSAGE_END s",
        "TOOL_CALL_START s",
        "TOOL_CALL_ARGS s",
        "TOOL_CALL_END s",
        "TOOL_CALL_RESULT s",
        "ACTIVITY_SNAPSHOT s",
        "SUBAGENT_FINISHED s",
        "TOOL_CALL_RESULT",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]


def test_agents_that_work_at_once_do_not_close_each_others_messages() -> None:
    written = run(
        SubagentStarted("g", "team"),
        *of("g", StepStarted("a"), SubagentStarted("a", "a")),
        *of("g", StepStarted("b"), SubagentStarted("b", "b")),
        *of("a", TextDelta("x", "1")),
        *of("b", TextDelta("y", "2")),
        *of("a", TextDelta("x", "3")),
        *of("g", SubagentEnded("a"), StepEnded("a"), SubagentEnded("b"), StepEnded("b")),
        SubagentEnded("g"),
        TurnEnded(),
    )
    assert [event["delta"] for event in written if "delta" in event] == ["1", "2", "3"]
    assert [event.get("parentSubagentRunId") for event in written[:5]] == [
        None,
        None,
        "g",
        None,
        "g",
    ]
    assert kinds(written)[9:] == [
        "TEXT_MESSAGE_CONTENT a",
        "TEXT_MESSAGE_END a",
        "SUBAGENT_FINISHED a",
        "STEP_FINISHED g",
        "TEXT_MESSAGE_END b",
        "SUBAGENT_FINISHED b",
        "STEP_FINISHED g",
        "SUBAGENT_FINISHED g",
        "RUN_FINISHED",
    ]


@pytest.mark.parametrize(
    ("outcome", "message", "code"),
    [
        ("failed", "The agent failed before it had an answer.", "SUBAGENT_FAILED"),
        ("cancelled", "The agent was cancelled.", "CANCELLED"),
    ],
)
def test_who_works_for_an_agent_that_fails_fails_with_it(
    outcome: Any, message: str, code: str
) -> None:
    written = run(
        SubagentStarted("g", "team"),
        *of("g", StepStarted("a"), SubagentStarted("a", "a")),
        *of("a", TextDelta("x", "1"), SubagentStarted("deep", "deep")),
        SubagentEnded("g", outcome),
        *of("a", TextDelta("x", "too late")),
        SubagentEnded("g"),
        TurnEnded(),
    )
    assert kinds(written)[6:] == [
        "SUBAGENT_ERROR deep",
        "TEXT_MESSAGE_END a",
        "SUBAGENT_ERROR a",
        "STEP_FINISHED g",
        "SUBAGENT_ERROR g",
        "RUN_FINISHED",
    ]
    assert [(e["message"], e["code"]) for e in written if "message" in e] == [(message, code)] * 3


@pytest.mark.parametrize(
    ("outcome", "end"), [("cancelled", "SUBAGENT_ERROR"), ("completed", "SUBAGENT_FINISHED")]
)
def test_everything_is_closed_before_the_run_ends(outcome: Any, end: str) -> None:
    written = run(
        TextDelta("m", "I ask."),
        *ASKED,
        SubagentStarted("s", "research"),
        *of("s", StepStarted("look"), SubagentStarted("d", "deep")),
        *of("d", ToolStarted("i", "d/1", "dig")),
        TurnEnded(outcome),
    )
    assert kinds(written)[9:] == [
        "TOOL_CALL_END d",
        f"{end} d",
        "STEP_FINISHED s",
        f"{end} s",
        "RUN_FINISHED",
    ]


def test_an_error_of_the_run_leaves_its_agents_to_the_client() -> None:
    translator = RunTranslator("t", "r")
    written = translator.start()
    for event in (SubagentStarted("s", "research"), *of("s", TextDelta("i", "1"))):
        written += translator.translate(event)
    written += translator.fail(ModelFailed("No."))
    verify(written)
    assert written[-1]["type"] == "RUN_ERROR"


def test_an_agent_that_asks_the_user_is_suspended_and_owns_its_question() -> None:
    *_, suspended, finished = run(
        *ASKED,
        SubagentStarted("s", "research"),
        SubagentEnded("s", "suspended", ("i",)),
        InputRequested("i", "confirm", tool_call_id="c"),
        TurnEnded(stop_reason="interrupt"),
    )
    assert suspended == {
        "type": "SUBAGENT_FINISHED",
        "subagentRunId": "s",
        "outcome": {"type": "suspended", "interruptIds": ["i"]},
    }
    asked = {"id": "i", "reason": "confirm", "toolCallId": "c", "subagentRunId": "s"}
    assert finished["outcome"] == {"type": "interrupt", "interrupts": [asked]}


def test_what_nobody_began_is_not_told() -> None:
    assert kinds(run(*of("s", TextDelta("i", "1")), SubagentEnded("s"), TurnEnded())) == [
        "RUN_FINISHED"
    ]


def test_an_agent_begins_once() -> None:
    begun = kinds(run(SubagentStarted("s", "a"), SubagentStarted("s", "a"), TurnEnded()))
    assert begun == ["SUBAGENT_STARTED s", "SUBAGENT_FINISHED s", "RUN_FINISHED"]


def test_each_block_of_thinking_has_a_message_and_a_signature_of_its_own() -> None:
    written = run(
        ReasoningDelta("m", "one"),
        ReasoningDelta("m", "", "first"),
        ReasoningDelta("m", "", "redacted:AA=="),
        ReasoningDelta("m", "two", "second"),
        TextDelta("m", "So."),
        TurnEnded(),
    )
    values = [event for event in written if event["type"] == "REASONING_ENCRYPTED_VALUE"]
    assert [(each["entityId"], each["encryptedValue"]) for each in values] == [
        ("m-reasoning", "first"),
        ("m-reasoning-2", "redacted:AA=="),
        ("m-reasoning-3", "second"),
    ]
    opened = [e["messageId"] for e in written if e["type"] == "REASONING_MESSAGE_START"]
    assert opened == ["m-reasoning", "m-reasoning-2", "m-reasoning-3"]


def test_the_proof_of_a_call_belongs_to_the_call() -> None:
    (_, proof, *_) = run(ToolStarted("m", "c", "add", signature="seal"), TurnEnded())
    assert proof == {
        "type": "REASONING_ENCRYPTED_VALUE",
        "subtype": "tool-call",
        "entityId": "c",
        "encryptedValue": "seal",
    }


def test_citations_come_with_the_end_of_their_message() -> None:
    written = run(
        TextDelta("m", "Yes."),
        Cited("m", Citation(4, "Atlas")),
        Cited("m", Citation(4, passages=("It is so.",))),
        TurnEnded(),
    )
    assert written[2] == {
        "type": "TEXT_MESSAGE_END",
        "messageId": "m",
        "metadata": {
            "citations": [
                {"title": "Atlas", "textOffset": 4},
                {"sourceContent": [{"text": "It is so."}], "textOffset": 4},
            ]
        },
    }


def test_a_predicted_state_is_told_as_front_ends_expect_it() -> None:
    (predicted, *_) = run(
        StatePredicted("write", {"document": "text", "title": "name"}), *ASKED[:0]
    )
    assert predicted == {
        "type": "CUSTOM",
        "name": "PredictState",
        "value": [
            {"state_key": "document", "tool": "write", "tool_argument": "text"},
            {"state_key": "title", "tool": "write", "tool_argument": "name"},
        ],
    }


def test_a_step_that_is_not_open_is_not_closed() -> None:
    lane = Lane(lambda: "n")
    assert lane.write(StepEnded("x")) == []
    assert lane.write(SubagentStarted("s", "a")) == []

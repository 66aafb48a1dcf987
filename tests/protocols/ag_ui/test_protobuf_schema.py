"""The table of messages, against the models of the Python SDK."""

from typing import Any

import ag_ui.core
import pytest
from ag_ui.core import BaseEvent, EventType
from pydantic import BaseModel

from protocols.ag_ui.protobuf_schema import EVENT_TYPES, MESSAGES, Member, event_class, members

# The wire spreads one member of JSON over several.
CARRIERS = {"contentParts", "interrupts", "pendingToolCallIds", "interruptIds"}


def names_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def events() -> list[Any]:
    made = vars(ag_ui.core).values()
    return [
        event
        for event in made
        if isinstance(event, type) and issubclass(event, BaseEvent) and event is not BaseEvent
    ]


def test_every_type_of_event_has_its_number() -> None:
    named = {kind.value for kind in EventType if not kind.value.startswith("THINKING_")}
    assert set(EVENT_TYPES) == named
    assert sorted(EVENT_TYPES.values()) == list(range(31))


@pytest.mark.parametrize("event", events(), ids=lambda event: event.__name__)
def test_every_event_has_all_its_members(event: type[BaseEvent]) -> None:
    kind = event.model_fields["type"].default.value
    described = {member.name for member in members(kind)} - CARRIERS - {"baseEvent"}
    assert described == names_of(event) - names_of(BaseEvent)
    assert {member.name for member in members("BaseEvent")} == names_of(BaseEvent)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("RunAgentInput", "RunAgentInput"),
        ("Tool", "Tool"),
        ("Context", "Context"),
        ("ToolCall", "ToolCall"),
        ("FunctionCall", "Function"),
        ("TokenUsage", "Usage"),
        ("Interrupt", "Interrupt"),
        ("ResumeEntry", "ResumeEntry"),
    ],
)
def test_every_object_has_all_its_members(model: str, message: str) -> None:
    assert {member.name for member in members(message)} == names_of(getattr(ag_ui.core, model))


def test_members_are_read_in_order() -> None:
    assert members("JsonPatchOperation") == [
        Member("op", "Operation", repeated=False),
        Member("path", "text", repeated=False),
        Member("from", "text", repeated=False),
        Member("value", "Value", repeated=False),
    ]
    assert members("List") == [Member("values", "Value", repeated=True)]


def test_the_class_has_an_arm_for_every_event() -> None:
    arms = event_class().DESCRIPTOR.fields
    assert [(arm.number, arm.name) for arm in arms] == list(enumerate(EVENT_TYPES, 1))
    assert set(EVENT_TYPES) < set(MESSAGES)

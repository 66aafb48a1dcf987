"""The protobuf binding, read by the published client."""

import asyncio
import datetime
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from protocols.ag_ui.protobuf import MEDIA_TYPE, frame, is_asked_for, load
from protocols.contract.errors import GatewayError, ModelFailed, SessionBusy
from protocols.contract.events import AudioDelta, Event, TextDelta, TurnEnded
from protocols.streaming import EVENT_STREAM, SESSION_HEADER
from protocols.streaming import frame as sse_frame
from tests.ag_ui_client import decoded, run
from tests.fakes import FakeConversations, FakeTurn
from tests.protocols.ag_ui.every_event import INPUT, bare, full
from tests.protocols.doors import JSON, Setting, kinds, knocking
from tests.server_process import serve

RUN = {"threadId": "t", "runId": "r", "messages": [{"id": "u", "role": "user", "content": "Hi"}]}
ASKED = JSON | {"Accept": MEDIA_TYPE}


def bytes_of(*events: dict[str, Any]) -> bytes:
    return frame(list(events))


def both_ways(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the client reads from protobuf frames, and from server-sent events."""
    return decoded(MEDIA_TYPE, frame(events)), decoded(EVENT_STREAM, sse_frame(events))


# Frames


def test_a_text_delta_is_the_bytes_of_the_published_encoder() -> None:
    # encodeProtobuf of @ag-ui/encoder 1.0.0, with its length before it
    event = {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m1", "delta": "Hello"}
    expected = "00000011 120f 0a02 0801 1202 6d31 1a05 48656c6c6f"
    assert bytes_of(event) == bytes.fromhex(expected)


def test_no_events_are_no_bytes() -> None:
    assert frame([]) == b""


@pytest.mark.parametrize("events", [bare(), full()], ids=["bare", "full"])
def test_every_event_is_read_as_it_was_sent(events: list[dict[str, Any]]) -> None:
    from_protobuf, from_sse = both_ways(events)
    assert from_protobuf == from_sse == events
    assert len({event["type"] for event in from_protobuf}) == 31


def test_objects_keep_their_order() -> None:
    snapshot = {name: {"z": 1, "a": 2} for name in ("zulu", "alpha", "mike", "bravo")}
    (read,) = decoded(MEDIA_TYPE, bytes_of({"type": "STATE_SNAPSHOT", "snapshot": snapshot}))
    assert list(read["snapshot"]) == list(snapshot)
    assert list(read["snapshot"]["zulu"]) == ["z", "a"]


def test_values_are_read_alike_from_both_forms_whatever_they_are() -> None:
    values: list[Any] = [
        2**53 + 1,
        -(2**63),
        10**400,
        1e308,
        5e-324,
        0.1 + 0.2,
        float("nan"),
        float("-inf"),
        (1, "two"),
        {1: "a number as a name"},
        datetime.date(2026, 11, 21),
        "\ufeffafter a mark",
        "\u2028 \0 👩‍👩‍👧‍👦 नमस्ते",
        [[[[[]]]]],
    ]
    deep: Any = "bottom"
    for _ in range(300):
        deep = [{"in": deep}]
    from_protobuf, from_sse = both_ways(
        [{"type": "CUSTOM", "name": "n", "value": value} for value in [*values, deep]]
    )
    assert from_protobuf == from_sse
    assert from_protobuf[-1]["value"] == deep


def test_what_the_protocol_does_not_know_is_left_out() -> None:
    message = {"id": "m", "role": "user", "content": "Hi", "contentParts": [{"x": 1}], "age": 7}
    events: list[dict[str, Any]] = [
        {"type": "TEXT_MESSAGE_END", "messageId": "m", "subagentRunId": None, "colour": "red"},
        {"type": "MESSAGES_SNAPSHOT", "messages": [message | {"name": None}], "metadata": None},
    ]
    assert decoded(MEDIA_TYPE, frame(events)) == [
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        {"type": "MESSAGES_SNAPSHOT", "messages": [{"id": "m", "role": "user", "content": "Hi"}]},
    ]


def test_empty_optional_lists_are_absent() -> None:
    finished: dict[str, Any] = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}
    outcome = {"type": "success", "pendingToolCallIds": []}
    (read,) = decoded(MEDIA_TYPE, bytes_of(finished | {"usage": [], "outcome": outcome}))
    assert read == finished | {"outcome": {"type": "success"}}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "TEXT_MESSAGE_END", "messageId": 7},
        {"type": "TEXT_MESSAGE_END", "messageId": "\ud800"},
        {"type": "STATE_DELTA", "delta": [{"op": "shake", "path": ""}]},
        {"type": "NO_EVENT"},
    ],
)
def test_what_is_no_event_is_not_written(event: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        bytes_of(event)


# Anything an event may hold, made up

_FIXED = {"type", "role", "op", "path", "from", "status", "subtype"}
_ANY_JSON = {"rawEvent", "snapshot", "event", "result", "state", "forwardedProps", "payload"}
_NULL_TOO = {"snapshot", "event"}  # what is optional is never null
_OBJECTS = {"metadata", "responseSchema"}
_LETTERS = 'aZ0 \n\t"\\/{}é中𝄞👍\u200d\u2028\u0000\u007f\ufffd'


class MadeUp:
    """Fills events with what chance gives."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  # nothing is secret here

    def text(self) -> str:
        return "".join(self.chance.choices(_LETTERS, k=self.chance.choice([0, 1, 5, 130, 20000])))

    def name(self) -> str:
        # JavaScript sorts names that are numbers, and hides __proto__: none of either here.
        return "n" + "".join(self.chance.choices(_LETTERS, k=self.chance.randrange(4)))

    def value(self, depth: int = 0) -> Any:
        chance = self.chance
        leaf = chance.choice(
            [
                None,
                True,
                False,
                chance.randrange(-(10 ** chance.randrange(1, 40)), 10**20),
                chance.uniform(-1e6, 1e6),
                chance.choice([0, 0.0, 1e-300, -1e300]),
                self.text()[:200],
            ]
        )
        made: list[Callable[[], Any]] = [lambda: leaf, lambda: leaf]
        if depth < 4:
            made += [
                lambda: [self.value(depth + 1) for _ in range(chance.randrange(4))],
                lambda: self.object(depth + 1),
            ]
        return chance.choice(made)()

    def object(self, depth: int = 0) -> dict[str, Any]:
        return {self.name(): self.value(depth) for _ in range(self.chance.randrange(4))}

    def event(self, bare: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
        optional = [name for name in full if name not in bare and self.chance.random() < 0.5]
        members: dict[str, Any] = self.refilled(bare | {name: full[name] for name in optional})
        if "timestamp" in members:
            members["timestamp"] = self.chance.randrange(-(2**53) + 1, 2**53)
        return members

    def refilled(self, given: Any) -> Any:
        if isinstance(given, dict):
            return {name: self.member(name, value) for name, value in given.items()}
        if isinstance(given, list):
            return [self.refilled(item) for item in given]
        return self.text() if isinstance(given, str) else given

    def member(self, name: str, given: Any) -> Any:
        if name in _FIXED:
            return given
        if name in _ANY_JSON:
            made = self.value()
            return made if made is not None or name in _NULL_TOO else self.text()
        if name in _OBJECTS and isinstance(given, dict):
            return self.object()
        return self.refilled(given)


@pytest.mark.parametrize("seed", range(3))
def test_made_up_events_are_read_alike_from_both_forms(seed: int) -> None:
    made_up = MadeUp(seed)
    pairs = list(zip(bare(), full(), strict=True))
    events = [made_up.event(*made_up.chance.choice(pairs)) for _ in range(150)]
    from_protobuf, from_sse = both_ways(events)
    assert from_protobuf == from_sse
    assert [event["type"] for event in from_protobuf] == [event["type"] for event in events]


# Who gets it


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        (MEDIA_TYPE, True),
        (f"{MEDIA_TYPE}, text/event-stream", True),
        (f"text/event-stream,{MEDIA_TYPE};q=0.001", True),
        (f"  {MEDIA_TYPE.upper()} ; Q = 0.5 ", True),
        (f"{MEDIA_TYPE}; version=1", True),
        (f"*/*;q=0, {MEDIA_TYPE}", True),
        ("", False),
        ("*/*", False),
        ("application/*", False),
        ("text/event-stream", False),
        ("application/json, */*;q=0.8", False),
        (f"{MEDIA_TYPE};q=0", False),
        (f"{MEDIA_TYPE};q=0.000, */*", False),
        (f"{MEDIA_TYPE};q=nan", False),
        (f"{MEDIA_TYPE};q=high", False),
        (f"{MEDIA_TYPE}s", False),
        (f"x{MEDIA_TYPE}", False),
    ],
)
async def test_only_who_names_it_gets_it(accept: str, asked: bool) -> None:
    assert is_asked_for(accept) is asked
    async with knocking() as client:
        response = await client.post(RUN, JSON | {"Accept": accept})
    expected = MEDIA_TYPE if asked else f"{EVENT_STREAM}; charset=utf-8"
    assert (response.status_code, response.headers["Content-Type"]) == (200, expected)


def events_in(response: httpx.Response) -> list[dict[str, Any]]:
    return decoded(response.headers["Content-Type"], response.content)


async def test_a_run_has_the_same_events_in_both_forms() -> None:
    async with knocking() as client:
        asked = await client.post(RUN, ASKED)
        other = await client.post(RUN)
    assert asked.headers[SESSION_HEADER] == "t"
    assert events_in(asked) == events_in(other)
    assert len(asked.content) < len(other.content) / 2


async def test_silence_stays_silent() -> None:
    events: list[Event] = [AudioDelta("m", b"\0\0")] * 3
    turn = FakeTurn([*events, TurnEnded()])
    async with knocking(FakeConversations(turn), Setting(keep_alive_seconds=1e-9)) as client:
        response = await client.post(RUN, ASKED)
    assert kinds(events_in(response)) == ["RUN_STARTED", "RUN_FINISHED"]


async def test_a_failure_after_the_start_is_the_last_frame() -> None:
    turn = FakeTurn([TextDelta("m", "Hel"), ModelFailed("The model failed.")])
    async with knocking(FakeConversations(turn)) as client:
        response = await client.post(RUN, ASKED)
    error = {"type": "RUN_ERROR", "message": "The model failed.", "code": "AGENT_ERROR"}
    assert (response.status_code, events_in(response)[-1]) == (200, error)
    assert turn.closed > 0


@pytest.mark.parametrize("in_band", [False, True])
@pytest.mark.parametrize(
    ("error", "members", "status", "code"),
    [
        (SessionBusy("Busy."), {}, 409, "SESSION_BUSY"),
        (None, {"messages": "Hi"}, 400, "VALIDATION_ERROR"),
        (None, {"threadId": 7}, 400, "VALIDATION_ERROR"),
    ],
    ids=["busy", "malformed", "no session"],
)
async def test_a_failure_before_the_start_is_a_status_and_one_frame(
    error: GatewayError | None, members: dict[str, Any], status: int, code: str, in_band: bool
) -> None:
    conversations = FakeConversations(*([error] if error else []))
    async with knocking(conversations, Setting(in_band=in_band)) as client:
        response = await client.post({**RUN, **members}, ASKED)
    assert response.status_code == (200 if in_band else status)
    assert response.headers["Content-Type"] == MEDIA_TYPE
    (event,) = events_in(response)
    assert (event["type"], event["code"]) == ("RUN_ERROR", code)


async def test_the_library_may_be_loaded_by_many_at_once() -> None:
    await asyncio.gather(*(asyncio.to_thread(load) for _ in range(8)))
    assert bytes_of({"type": "RAW", "event": None}) == bytes.fromhex(
        "0000000a 5208 0a02 0809 12020800"
    )


# A server of its own


def renamed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events with the identifiers the server made numbered in their order."""
    numbers: dict[str, str] = {}

    def number(name: str, value: Any) -> Any:
        return numbers.setdefault(value, str(len(numbers))) if name.endswith("Id") else value

    return [{name: number(name, value) for name, value in event.items()} for event in events]


@pytest.mark.slow
def test_a_real_client_runs_over_either_form(tmp_path: Path) -> None:
    asked = {"id": "u", "role": "user", "content": "What is 17 times 23?"}
    runs = []
    with serve(tmp_path / "log") as url:
        for accept in (f"{MEDIA_TYPE}, {EVENT_STREAM}", EVENT_STREAM):
            run_input = {"threadId": f"thread {accept}", "runId": "r", "messages": [asked]}
            runs.append(run(f"{url}/invocations", accept, run_input))
        declared = httpx.get(f"{url}/capabilities").json()["transport"]
    binary, text = runs
    assert binary["contentType"] == MEDIA_TYPE
    assert text["contentType"].startswith(EVENT_STREAM)
    assert renamed(binary["events"]) == renamed(text["events"])
    assert {"RUN_STARTED", "TOOL_CALL_RESULT", "RUN_FINISHED"} <= set(kinds(binary["events"]))
    assert "391" in binary["messages"][-1]["content"]
    assert declared["httpBinary"] is True


def test_the_input_of_a_run_can_be_echoed() -> None:
    started = {"type": "RUN_STARTED", "threadId": "t", "runId": "r", "input": INPUT}
    assert decoded(MEDIA_TYPE, bytes_of(started)) == [started]

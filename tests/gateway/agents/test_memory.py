"""Conversations as bytes."""

from typing import Any

import msgspec
import pytest

from gateway.agents.interrupts import Suspended
from gateway.agents.memory import Memory, UnreadableMemory, pack, unpack
from protocols.contract.events import InputRequested
from protocols.contract.inputs import Message, Text, ToolResult

IMAGE = {"image": {"format": "png", "source": {"bytes": b"\x00\xff"}}}


def user(text: str, identifier: str, **more: Any) -> Any:
    return {"role": "user", "content": [{"text": text}], "tracking_id": identifier, **more}


def test_what_is_packed_comes_back_as_it_was() -> None:
    waiting = Suspended(
        {"activated": True, "context": {}}, (InputRequested("i1", "approval", "Sure?"),)
    )
    memory = Memory(
        messages=[{"role": "user", "content": [{"text": "hé"}, IMAGE], "tracking_id": "m1"}],
        state={"shared": {"a": [1, 2.5, None, True, "b"]}},
        told="m1",
        suspended=waiting,
    )
    assert unpack(pack(memory)) == memory
    assert unpack(pack(Memory())) == Memory()


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**200])
def test_integers_of_any_size_come_back(number: int) -> None:
    call = {"toolUse": {"toolUseId": "c", "name": "n", "input": {"numbers": [1, True, number]}}}
    message = {"role": "assistant", "content": [call, IMAGE], "tracking_id": "m"}
    memory = Memory(messages=[message], state={"shared": number})
    assert unpack(pack(memory)) == memory


def test_counts_and_marks_of_models_are_left_out_and_every_message_gets_an_identifier() -> None:
    counted: Any = {"role": "user", "content": [{"text": "a"}], "metadata": {"usage": {"x": 1}}}
    (message,) = unpack(pack(Memory(messages=[counted]))).messages
    assert message == {
        "role": "user",
        "content": [{"text": "a"}],
        "tracking_id": counted["tracking_id"],
    }


def test_a_value_that_is_no_json_does_not_lose_the_conversation() -> None:
    memory = unpack(pack(Memory(state={"path": NotJson()})))
    assert memory.state == {"path": "not JSON"}


class NotJson:
    def __str__(self) -> str:
        return "not JSON"


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\xff\xff",
        b"{}",
        msgspec.msgpack.encode([2, [], {}, None, None]),
        msgspec.msgpack.encode([1, msgspec.msgpack.Ext(9, b"x"), {}, None, None]),
    ],
)
def test_what_was_packed_otherwise_is_refused(packed: bytes) -> None:
    with pytest.raises(UnreadableMemory):
        unpack(packed)


def test_only_what_came_after_the_last_told_message_is_unseen() -> None:
    messages = [user("a", "1"), user("b", "2")]
    assert Memory(messages=messages, told="1").unseen() == (Message("2", "user", (Text("b"),)),)
    assert Memory(messages=messages, told="2").unseen() == ()
    assert len(Memory(messages=messages).unseen()) == 2
    assert len(Memory(messages=messages, told="gone").unseen()) == 2


def test_what_a_client_has_is_not_unseen_although_its_turn_failed() -> None:
    answer: Any = {
        "toolResult": {"toolUseId": "c", "status": "success", "content": [{"text": "x"}]}
    }
    result: Any = {"role": "user", "content": [answer], "tracking_id": "2"}
    memory = Memory(messages=[user("a", "1"), result, user("c", "3")])
    known = (
        Message("1", "user", (Text("a"),)),
        Message("2-c", "user", (ToolResult("c", (Text("x"),)),)),
    )
    assert memory.unseen(known) == (Message("3", "user", (Text("c"),)),)


def test_what_was_added_to_the_last_told_message_is_unseen() -> None:
    memory = Memory(messages=[user("a", "1")])
    memory.tell()
    memory.messages[0]["content"].append({"text": "b"})
    memory = unpack(pack(memory))
    assert memory.unseen() == (Message("1-1", "user", (Text("b"),)),)
    memory.tell()
    assert memory.unseen() == ()


def test_nothing_is_told_of_nothing() -> None:
    memory = Memory()
    memory.tell()
    assert (memory.told, memory.unseen()) == (None, ())


def test_a_short_conversation_is_small() -> None:
    messages = [user("What is 2+2?", "a" * 36), user("It is 4.", "b" * 36)]
    assert len(pack(Memory(messages=messages, told="b" * 36))) < 300


def test_halves_of_characters_do_not_lose_the_conversation() -> None:
    memory = unpack(pack(Memory(messages=[user("a\ud83d", "1")], state={"\ud83d": 2**70})))
    assert memory.messages == [user("a\ufffd", "1")]
    assert memory.state == {"\ufffd": 2**70}

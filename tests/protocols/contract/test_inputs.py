"""What a caller says, as values."""

import msgspec
import pytest

from protocols.contract.inputs import (
    Citation,
    CitedText,
    LiveOptions,
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    UserTurn,
    code_units,
)


def test_a_history_survives_being_written_down() -> None:
    history = (
        Message("1", "user", (Text("q"), Media("image", "image/png", b"\x89"))),
        Message("2", "assistant", (Reasoning("hm", "proof"), ToolCall("c", "add", "{}"))),
        Message("3", "user", (ToolResult("c", (Text("1"),)),)),
        Message("4", "assistant", (CitedText("a", (Citation(1, "Atlas"),)),)),
    )
    decoder = msgspec.json.Decoder(tuple[Message, ...])
    assert decoder.decode(msgspec.json.encode(history)) == history


def test_a_turn_is_of_a_session_that_remembers_unless_it_brings_a_history() -> None:
    said = UserTurn(content=(Text("q"),))
    assert said.history is None
    assert (said.instructions, said.client_tools, said.answers) == ((), (), ())


def test_what_is_said_cannot_be_changed_and_choices_are_named() -> None:
    with pytest.raises(AttributeError):
        Text("a").text = "b"  # type: ignore[misc]  # that is the point
    assert LiveOptions() == LiveOptions(voice=None, language=None, instructions=())


def test_characters_beyond_the_basic_plane_are_two_code_units() -> None:
    assert [code_units(text) for text in ("", "é", "€", "🗼", "a🗼b")] == [0, 1, 1, 2, 4]

"""The port between the wires and the agent."""

import pytest

from protocols.contract.conversations import (
    LONGEST_SESSION_ID,
    Conversations,
    SessionKey,
    checked_session_id,
)
from protocols.contract.errors import InvalidInput
from tests.fakes import FakeConversations


def test_an_id_is_only_a_session_together_with_its_caller() -> None:
    assert SessionKey("ada", "1") == SessionKey("ada", "1")
    assert SessionKey("ada", "1") != SessionKey("eve", "1")
    assert len({SessionKey("ada", "1"), SessionKey("ada", "1")}) == 1


def test_the_in_memory_twin_is_a_conversations() -> None:
    assert isinstance(FakeConversations(), Conversations)
    assert not isinstance(object(), Conversations)


@pytest.mark.parametrize("text", ["1", "a b", "../x", "é👩", "x" * LONGEST_SESSION_ID])
def test_any_text_that_a_header_can_carry_names_a_session(text: str) -> None:
    assert checked_session_id(text) == text


@pytest.mark.parametrize("text", ["", " x", "x\n", "a\0b", "x" * (LONGEST_SESSION_ID + 1)])
def test_what_cannot_name_a_session_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 256 printable characters"):
        checked_session_id(text)

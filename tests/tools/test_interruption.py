"""Tools that end when the user speaks over the answer."""

from strands import tool

from tools.interruption import ends_when_talked_over, is_ended_when_talked_over
from tools.registry import ToolRegistry


@ends_when_talked_over
@tool
def search(words: str) -> str:
    """Search for words."""
    return words


@tool
def book(seat: int) -> str:
    """Book a seat."""
    return f"seat {seat}"


def test_a_mark_is_seen_through_the_guard_of_the_registry() -> None:
    guarded = list(ToolRegistry([search, book], timeout_seconds=1))
    assert [is_ended_when_talked_over(each) for each in (search, book)] == [True, False]
    assert {each.tool_name: is_ended_when_talked_over(each) for each in guarded} == {
        "search": True,
        "book": False,
    }

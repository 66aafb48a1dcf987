"""What goes out of a conversation, on a wire that may be lost."""

from typing import Any

import pytest

from protocols.audio import Resampler
from protocols.live.dialogue import Drop, Finish, Play, Say
from protocols.live.line import Line, LineLost

SOUND = b"\1\0" * 240


class Wire:
    """Notes what it is given; loses the client when told to."""

    def __init__(self) -> None:
        self.left: list[Any] = []
        self.loses = False

    async def say(self, document: dict[str, Any]) -> None:
        self._note(document)

    async def play(self, pcm: bytes) -> None:
        self._note(pcm)

    async def drop(self) -> None:
        self._note("drop")

    def _note(self, item: Any) -> None:
        if self.loses:
            raise LineLost
        self.left.append(item)


class CountingWire(Wire):
    @property
    def unsent_seconds(self) -> float:
        return 0.06


def said(seq: int, *, is_kept: bool = True) -> Say:
    return Say({"type": "gateway.state", "seq": seq}, is_kept)


def line(wire: Wire) -> Line:
    def lose() -> None:
        made.close()

    made = Line(wire, Resampler(24_000, 24_000), lambda: 1.5, lose)
    return made


async def test_outputs_leave_in_order_and_documents_are_kept() -> None:
    wire = Wire()
    made = line(wire)
    await made.deliver([said(1), Play(SOUND), Finish(), Drop(), said(2, is_kept=False)])
    assert wire.left == [said(1).document, SOUND, "drop", said(2).document]
    assert made.journal.after(0) == [said(1).document]
    assert made.journal.position_after(0) == 1.5


async def test_a_lost_wire_is_given_nothing_more_until_another_takes_its_place() -> None:
    wire, other = Wire(), Wire()
    made = line(wire)
    wire.loses = True
    await made.deliver([said(1), Play(SOUND), said(2)])
    assert (wire.left, made.is_open) == ([], False)
    assert made.journal.after(0) == [said(1).document, said(2).document]
    made.attach(other)
    await made.deliver([said(3)])
    assert other.left == [said(3).document]


async def test_any_other_error_of_a_wire_is_not_ours() -> None:
    class Broken(Wire):
        async def say(self, document: dict[str, Any]) -> None:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await line(Broken()).deliver([said(1)])


@pytest.mark.parametrize(("wire", "seconds"), [(Wire(), 0.0), (CountingWire(), 0.06)])
def test_a_wire_that_counts_tells_what_has_not_left(wire: Wire, seconds: float) -> None:
    assert line(wire).unsent_seconds == seconds

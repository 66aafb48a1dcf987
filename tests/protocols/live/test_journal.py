"""What is kept for clients that come back."""

from typing import Any

import pytest

from protocols.live import journal
from protocols.live.journal import Journal, seq_of


def message(seq: int, text: str = "") -> dict[str, Any]:
    return {"type": "gateway.state", "state": text, "seq": seq}


def written(*seqs: int) -> Journal:
    made = Journal()
    for seq in seqs:
        made.add(message(seq), position=seq / 10)
    return made


def test_what_was_sent_after_a_number_is_given_in_order() -> None:
    made = written(1, 2, 3)
    assert made.after(1) == [message(2), message(3)]
    assert made.after(0) == [message(1), message(2), message(3)]
    assert (made.after(3), made.newest) == ([], 3)


def test_sound_can_have_been_received_up_to_the_next_message() -> None:
    made = written(1, 2, 3)
    assert (made.position_after(1), made.position_after(3)) == (0.2, None)


def test_nothing_sent_is_nothing_missed() -> None:
    assert (Journal().after(0), Journal().newest) == ([], 0)


def test_the_oldest_go_first_and_who_missed_them_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_DOCUMENTS", 2)
    made = written(1, 2, 3)
    assert made.after(0) is None
    assert made.after(1) == [message(2), message(3)]


def test_long_documents_take_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_CHARACTERS", 1_000)
    made = Journal()
    made.add(message(1, "x" * 600), 0.0)
    made.add({"snapshot": {"a": ["y" * 500]}, "metadata": {"gateway": {"seq": 2}}}, 0.0)
    assert made.after(0) is None
    assert made.after(1) is not None


def test_a_cleared_journal_keeps_only_its_number() -> None:
    made = written(1, 2)
    made.clear()
    assert (made.after(1), made.after(2), made.newest) == (None, [], 2)


def test_events_and_gateway_messages_are_numbered_in_their_own_places() -> None:
    assert seq_of(message(7)) == 7
    assert seq_of({"type": "RUN_STARTED", "metadata": {"gateway": {"seq": 8}}}) == 8

"""What the model owes the user is known from the events."""

from typing import Any

from strands.types.tools import ToolResultBlock

from gateway.models.nova_sonic.owing import Owed, Owing

USE: Any = {"toolUseId": "t", "name": "clock", "input": {}}
RESULT = ToolResultBlock(tool_use_id="t", status="success", content=[{"text": "noon"}])


def event(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": f"bidi_{kind}", **members}


HEARD = [
    event("response_start", response_id="r"),
    event("transcript_start", role="user", content_id="u"),
    event("transcript_delta", role="user", content_id="u", delta="Hi"),
    event("transcript_stop", role="user", content_id="u"),
]
WORDS = event("transcript_start", role="assistant", content_id="a")
SOUND = [event("audio_start", content_id="s"), event("audio_delta", audio="")]
CALL = event("tool_use_blocks", tool_uses=[USE])
DONE = event("response_stop", response_id="r")


def after(*events: Any) -> Owing:
    owing = Owing()
    for each in events:
        owing.note(each)
    return owing


def test_at_first_nothing_is_owed() -> None:
    assert after().owed is Owed.NOTHING


def test_a_question_is_owed_an_answer() -> None:
    assert after(*HEARD).owed is Owed.ANSWER
    typed = Owing()
    typed.typed()
    assert typed.owed is Owed.ANSWER


def test_an_answer_that_has_begun_is_owed_its_rest() -> None:
    assert after(*HEARD, WORDS).owed is Owed.REST
    assert after(*HEARD, *SOUND).owed is Owed.REST


def test_a_complete_answer_leaves_nothing_owed() -> None:
    assert after(*HEARD, WORDS, *SOUND, DONE).owed is Owed.NOTHING


def test_who_cuts_in_is_owed_nothing_of_the_last_answer() -> None:
    assert after(*HEARD, WORDS, *SOUND, event("barge_in")).owed is Owed.NOTHING


def test_tools_are_waited_for_and_then_told_of() -> None:
    owing = after(*HEARD, CALL)
    assert (owing.owed, owing.is_waiting_for_tools) == (Owed.AFTER_TOOLS, True)
    owing.note(DONE)  # strands closes a response that has only called tools
    assert owing.owed is Owed.AFTER_TOOLS
    owing.answered(RESULT)
    assert (owing.is_waiting_for_tools, owing.found) == (False, [(USE, RESULT)])
    owing.note(WORDS)
    owing.note(DONE)
    assert (owing.owed, owing.found) == (Owed.NOTHING, [])


def test_words_before_a_tool_are_no_answer_yet() -> None:
    assert after(*HEARD, WORDS, *SOUND, CALL).owed is Owed.AFTER_TOOLS


def test_the_result_of_a_dropped_turn_does_not_matter() -> None:
    owing = after(*HEARD, CALL, *HEARD)
    owing.answered(RESULT)
    assert (owing.owed, owing.found) == (Owed.ANSWER, [])


def test_what_a_lost_connection_left_open_is_closed_once() -> None:
    owing = after(*HEARD[:3], WORDS, *SOUND)
    closed = [(each["type"], each["content_id"]) for each in owing.closing()]
    assert closed == [
        ("bidi_audio_stop", "s"),
        ("bidi_transcript_stop", "u"),
        ("bidi_transcript_stop", "a"),
    ]
    assert owing.closing() == []


def test_what_is_closed_needs_no_closing() -> None:
    stops = [event("audio_stop", content_id="s"), event("transcript_stop", content_id="a")]
    assert after(*HEARD, WORDS, *SOUND, *stops).closing() == []

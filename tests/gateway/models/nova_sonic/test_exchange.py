"""What is known of a conversation decides how another connection goes on with it."""

from typing import Any

from strands.types.tools import ToolResultBlock

from gateway.models.nova_sonic.exchange import Exchange
from gateway.models.nova_sonic.history import GO_ON
from tests.emulators.sonic.hearing import tone

RATE = 16000
SPEECH = tone(440, 0.6, RATE)
SILENCE = bytes(RATE * 2)
QUESTION: Any = {"role": "user", "content": [{"text": "Hi"}]}
USE: Any = {"toolUseId": "t", "name": "clock", "input": {}}
RESULT = ToolResultBlock(tool_use_id="t", status="success", content=[{"text": "noon"}])


def event(kind: str, **members: Any) -> Any:
    return {"type": f"bidi_{kind}", **members}


HEARD = [
    event("transcript_start", role="user", content_id="u"),
    event("transcript_delta", role="user", content_id="u", delta="Hi"),
    event("transcript_stop", role="user", content_id="u"),
]
WORDS = event("transcript_start", role="assistant", content_id="a")
DONE = event("response_stop", response_id="r")


def exchange(*events: Any) -> Exchange:
    made = Exchange(RATE, 6.0)
    for each in events:
        made.take(each, 0.0)
    return made


def resumed(made: Exchange) -> tuple[Any, str, bytes]:
    going_on = made.resumption([QUESTION], 1.0)
    return going_on.messages, going_on.question, going_on.pcm


def test_where_nothing_is_owed_only_the_history_is_told() -> None:
    assert resumed(exchange(*HEARD, WORDS, DONE)) == ([QUESTION], "", b"")


def test_a_question_is_asked_and_not_told() -> None:
    assert resumed(exchange(*HEARD)) == ([], "Hi", b"")
    typed = exchange()
    typed.typed(0.0)
    assert resumed(typed) == ([], "Hi", b"")


def test_an_answer_that_has_begun_is_to_go_on() -> None:
    assert resumed(exchange(*HEARD, WORDS)) == ([QUESTION], GO_ON, b"")


def test_who_speaks_over_an_answer_does_not_want_its_rest() -> None:
    made = exchange(*HEARD, WORDS)
    made.hear(SPEECH, 0.0)
    assert resumed(made) == ([QUESTION], "", SPEECH)


def test_what_tools_found_is_told_once_all_have_answered() -> None:
    made = exchange(*HEARD, event("tool_use_blocks", tool_uses=[USE]))
    assert resumed(made) == ([QUESTION], "", b"")
    made.answered(RESULT, 0.0)
    assert "Result: noon" in resumed(made)[1]


def test_speech_is_told_of_and_kept_until_it_is_heard() -> None:
    made = exchange()
    kinds = [each["type"] for each in made.hear(SPEECH + SILENCE, 0.0)]
    assert kinds == ["cascade_speech_start", "cascade_speech_stop"]
    assert resumed(made)[2] == SPEECH + SILENCE
    assert not made.is_calm
    for each in [*HEARD, WORDS, DONE]:
        made.take(each, 0.0)
    assert resumed(made)[2] == SILENCE[: len(SILENCE) * 2 // 5]
    assert made.is_calm


def test_words_are_put_in_only_where_nobody_speaks() -> None:
    made = exchange(*HEARD)
    free = [made.is_free]
    for each in (WORDS, DONE):
        made.take(each, 0.0)
        free.append(made.is_free)
    made.hear(SPEECH, 0.0)
    assert [*free, made.is_free] == [True, False, True, False]


def test_an_answer_is_complete_once() -> None:
    made = exchange(*HEARD, WORDS)
    assert [made.take(DONE, 0.0), made.take(DONE, 0.0)] == [([DONE], True), ([DONE], False)]


def test_what_is_asked_on_the_users_behalf_is_not_shown() -> None:
    made = exchange()
    made.asked("Hi", 0.0)
    assert [each for one in HEARD for each in made.take(one, 0.0)[0]] == []


def test_our_own_events_are_no_sign_of_the_service() -> None:
    made = exchange()
    made.typed(0.0)
    made.take(event("connection_start"), 5.0)
    assert made.silence(6.0) is not None
    made.take(event("usage"), 5.0)
    assert made.silence(6.0) is None


def test_an_answer_that_is_cut_off_is_not_heard_any_more() -> None:
    sound = event("audio_delta", audio="")
    made = exchange(*HEARD, WORDS, sound)
    [barge_in] = made.cut_off()
    assert barge_in["type"] == "bidi_barge_in"
    assert made.take(barge_in, 0.0) == ([barge_in], True)
    assert made.take(sound, 0.0) == ([], False)
    assert resumed(made)[1] == ""  # its rest is not wanted either
    assert made.take(DONE, 0.0)[0] == [DONE]
    assert made.take(sound, 0.0)[0] == [sound]


def test_without_an_answer_nothing_is_cut_off() -> None:
    assert exchange().cut_off() == []


def test_what_is_left_open_is_closed() -> None:
    made = exchange(HEARD[0], HEARD[1])
    assert [each["type"] for each in made.closing()] == ["bidi_transcript_stop"]

"""What we ask ourselves is not shown as words of the user."""

from typing import Any

from gateway.models.nova_sonic.echo import Echo


def transcript(text: str, content_id: str = "u", role: str = "user") -> list[Any]:
    common = {"role": role, "content_id": content_id}
    return [
        {"type": "bidi_transcript_start", **common},
        {"type": "bidi_transcript_delta", "delta": text, **common},
        {"type": "bidi_transcript_stop", **common},
    ]


USAGE: Any = {"type": "bidi_usage"}


def passed(echo: Echo, *events: Any) -> list[Any]:
    return [each for event in events for each in echo.passed(event)]


def test_without_an_expectation_everything_passes() -> None:
    events = [USAGE, *transcript("Hi")]
    assert passed(Echo(), *events) == events


def test_the_expected_words_are_kept_back_once() -> None:
    echo = Echo()
    echo.expect("Go on")
    assert passed(echo, USAGE, *transcript("Go on"), USAGE) == [USAGE, USAGE]
    assert passed(echo, *transcript("Go on", "v")) == transcript("Go on", "v")


def test_other_words_of_the_user_pass_in_their_order() -> None:
    echo = Echo()
    echo.expect("Go on")
    assert passed(echo, *transcript("Stop")) == transcript("Stop")
    assert passed(echo, *transcript("Go on")) == transcript("Go on")


def test_the_answer_is_not_waited_with() -> None:
    echo = Echo()
    echo.expect("Go on")
    answer = transcript("Go on", "a", "assistant")
    assert passed(echo, *answer) == answer


def test_a_transcript_without_words_passes() -> None:
    echo = Echo()
    echo.expect("Go on")
    start, _, stop = transcript("")
    assert passed(echo, start, stop) == [start, stop]


def test_a_new_connection_expects_nothing_of_the_old() -> None:
    echo = Echo()
    echo.expect("Go on")
    echo.expect(None)
    assert passed(echo, *transcript("Go on")) == transcript("Go on")

from strands.bidi.types.events import BidiBargeInEvent

from gateway.models.cascade.events import (
    CascadeBargeInEvent,
    CascadeSpeechStartEvent,
    CascadeSpeechStopEvent,
)


def test_events_of_our_own_are_told_by_their_type() -> None:
    assert CascadeSpeechStartEvent() == {"type": "cascade_speech_start"}
    assert CascadeSpeechStopEvent(0.576) == {
        "type": "cascade_speech_stop",
        "silence_seconds": 0.576,
    }


def test_a_barge_in_is_that_of_strands_and_tells_what_was_heard() -> None:
    event = CascadeBargeInEvent("One two")
    assert isinstance(event, BidiBargeInEvent)
    assert event == {"type": "bidi_barge_in", "heard": "One two"}

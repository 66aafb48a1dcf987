"""What stays in the history of answers that were cut off, on a real strands BidiAgent."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest
from strands.bidi.types.events import (
    BidiAudioDeltaEvent,
    BidiBargeInEvent,
    BidiResponseStartEvent,
    BidiResponseStopEvent,
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
    BidiTranscriptStopEvent,
)

from protocols.contract.conversations import Heard
from protocols.contract.events import AudioDelta, BargeIn, Event, TurnEnded
from tests.gateway.agents.live_rig import OUTPUT_RATE, Talk, talking
from tests.scripted_voice import ScriptedVoice, assistant_says, user_says

SENTENCE = "one two three four five six seven eight nine ten"


def sound(seconds: float, content_id: str = "a") -> BidiAudioDeltaEvent:
    pcm = b"\0\0" * round(seconds * OUTPUT_RATE)
    return BidiAudioDeltaEvent(base64.b64encode(pcm).decode(), "pcm", OUTPUT_RATE, 1, content_id)


def words(text: str, content_id: str = "a") -> BidiTranscriptDeltaEvent:
    return BidiTranscriptDeltaEvent(text, "assistant", content_id)


def answer(*parts: Any, content_id: str = "a") -> list[Any]:
    """An answer up to where the model has come; it is still being made."""
    start = BidiTranscriptStartEvent("assistant", content_id)
    return [BidiResponseStartEvent(f"r-{content_id}"), start, *parts]


def complete(content_id: str = "a") -> list[Any]:
    return [
        BidiTranscriptStopEvent("assistant", content_id),
        BidiResponseStopEvent(f"r-{content_id}"),
    ]


def spoken_message(events: Sequence[Event]) -> str:
    return next(e.message_id for e in events if isinstance(e, AudioDelta))


async def heard(talk: Talk, seconds: float, until: type[Event] = TurnEnded) -> None:
    """Let the wire cut the answer there."""
    events = await talk.until(until)
    talk.live.cut_off([Heard(spoken_message(events), seconds)])


@pytest.mark.parametrize(
    ("parts", "seconds", "kept"),
    [
        # All the words before their sound, after it, in between, and sentence by sentence.
        ([words(SENTENCE), sound(10)], 3.5, "one two three [interrupted]"),
        ([sound(10), words(SENTENCE)], 3.5, "one two three [interrupted]"),
        (
            [words("one two "), sound(2), words("three four"), sound(2)],
            3.0,
            "one two three [interrupted]",
        ),
        (
            [words("Yes it is."), sound(1), words(" No"), words(" never, no."), sound(3)],
            2.5,
            "Yes it is. No [interrupted]",
        ),
        ([words("Said."), sound(1), words(" Not said.")], 1.0, "Said. [interrupted]"),
        ([words(SENTENCE), sound(10)], 10.0, SENTENCE),
    ],
)
async def test_the_history_keeps_the_words_that_were_heard(
    parts: list[Any], seconds: float, kept: str
) -> None:
    async with talking() as talk:
        talk.voice.says(*user_says("Count"), *answer(*parts), *complete())
        await heard(talk, seconds)
        assert await talk.texts_kept() == ["Count", kept]


async def test_a_barge_in_at_one_second_of_ten_keeps_a_tenth_of_the_sentence() -> None:
    async with talking() as talk:
        talk.voice.says(*user_says("Count"), *answer(words(SENTENCE), sound(10)), *complete())
        await heard(talk, 1.0)
        _, kept = await talk.texts_kept()
        assert len(kept.removesuffix("[interrupted]").strip()) <= 0.15 * len(SENTENCE)


async def test_an_answer_of_which_nothing_was_heard_leaves_no_message() -> None:
    async with talking() as talk:
        talk.voice.says(*user_says("Count"), *answer(words(SENTENCE), sound(1)), *complete())
        await heard(talk, 0.0)
        assert await talk.texts_kept() == ["Count"]


async def test_an_answer_that_is_cut_while_it_is_made_keeps_what_was_heard() -> None:
    async with talking() as talk:
        talk.voice.says(*user_says("Count"), *answer(words(SENTENCE), sound(10)))
        await heard(talk, 2.2, until=AudioDelta)
        assert await talk.texts_kept() == ["Count", "one two [interrupted]"]


async def test_what_the_model_still_says_of_an_answer_that_was_cut_is_not_kept() -> None:
    async with talking() as talk:
        talk.voice.says(*user_says("Count"), *answer(words("one two "), sound(2)))
        await heard(talk, 1.0, until=AudioDelta)
        talk.voice.says(words("three"), sound(1), *complete())
        talk.voice.says(*user_says("Go on", "u2"), *assistant_says("Four.", "b"))
        await talk.until(TurnEnded, 2)
        assert await talk.texts_kept() == ["Count", "one [interrupted]", "Go on", "Four."]


async def test_only_the_messages_of_this_conversation_are_cut() -> None:
    async with talking() as talk:
        talk.voice.says(*user_says("Hi"), *answer(words("Hello."), sound(1)), *complete())
        await talk.until(TurnEnded)
        later = answer(words(SENTENCE, "b"), sound(10, "b"), content_id="b")
        talk.voice.says(*user_says("Count", "u2"), *later, *complete("b"))
        await heard(talk, 2.0)
        talk.live.cut_off([Heard("nobody", 1.0)])
        assert await talk.texts_kept() == ["Hi", "Hello.", "Count", "one two [interrupted]"]


async def test_a_transcript_that_comes_after_the_models_own_barge_in_is_not_kept() -> None:
    async with talking() as talk:
        talk.voice.says(*user_says("Count"), *answer(words("one two"), sound(2)))
        events = await talk.until(AudioDelta)
        late = [BidiTranscriptStartEvent("assistant", "late"), words("never told", "late")]
        talk.voice.says(BidiBargeInEvent(), *complete(), *late)
        await talk.until(BargeIn)
        talk.live.cut_off([Heard(spoken_message(events), 1.0)])
        stop = BidiTranscriptStopEvent("assistant", "late")
        talk.voice.says(stop, *user_says("Stop", "u2"), *assistant_says("Yes.", "b"))
        await talk.until(TurnEnded, 2)
        assert await talk.texts_kept() == ["Count", "one [interrupted]", "Stop", "Yes."]


class Correctable(ScriptedVoice):
    """A model whose record can be cut, and that can be interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.truncated: list[float] = []
        self.interrupts = 0

    async def truncate(self, heard_seconds: float) -> None:
        self.truncated.append(heard_seconds)

    async def interrupt(self) -> None:
        self.interrupts += 1


@pytest.mark.parametrize(("seconds", "truncated"), [(0.0, []), (0.5, [0.5]), (1.0, []), (1.2, [])])
async def test_a_model_is_told_to_truncate_only_between_nothing_and_all(
    seconds: float, truncated: list[float]
) -> None:
    voice = Correctable()
    async with talking(voice) as talk:
        voice.says(*user_says("Hi"), *answer(words("Hello."), sound(1)), *complete())
        await heard(talk, seconds)
        await talk.live.taken()
        assert (voice.truncated, voice.interrupts) == (truncated, 0)


async def test_a_model_that_still_speaks_is_told_to_stop_once() -> None:
    voice = Correctable()
    async with talking(voice) as talk:
        voice.says(*user_says("Hi"), *answer(words("Hello."), sound(2)))
        await heard(talk, 1.0, until=AudioDelta)
        talk.live.cancel()
        await talk.live.taken()
        assert (voice.truncated, voice.interrupts) == ([1.0], 1)

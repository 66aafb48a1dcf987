"""Hearing and answering, through the model that opens the conversation."""

import asyncio

import pytest
from strands.bidi.types.media import AudioDelta

from protocols.contract.errors import ModelFailed, Unavailable
from tests.gateway.models.speech_fakes import NOISE, frame, silence, speech
from tests.gateway.models.speech_scene import Scene, assistant, user


async def test_a_spoken_question_is_answered_aloud() -> None:
    scene = Scene(["It is seven."])
    async with scene.call(system_prompt="Be kind.", tools=[]) as call:
        await call.say(silence() + speech(1000) + silence())
        await call.until("response_stop")
    assert call.kinds() == [
        "connection_start",
        "cascade_speech_start",
        "cascade_speech_stop",
        "transcript_start",
        "transcript_delta",
        "transcript_stop",
        "response_start",
        "transcript_start",
        "transcript_delta",
        "audio_start",
        "audio_delta",
        "transcript_stop",
        "audio_stop",
        "usage",
        "response_stop",
    ]
    assert (call.words("user"), call.words("assistant")) == (["What is it?"], ["It is seven."])
    assert scene.brain.asked == [[user("What is it?")]]
    assert scene.brain.prompts == [([], "Be kind.")]
    assert scene.recogniser.heard == [1000]
    await scene.engines.aclose()


@pytest.mark.parametrize(
    ("sound", "kinds"),
    [
        (silence(60), []),
        (frame(NOISE) * 60, []),
        (speech(1000, frames=4) + silence(), ["cascade_speech_start", "cascade_speech_stop"]),
        (speech(3000) + silence(), ["cascade_speech_start", "cascade_speech_stop"]),
    ],
    ids=["silence", "noise", "click", "no words"],
)
async def test_what_holds_no_words_is_not_answered(sound: bytes, kinds: list[str]) -> None:
    scene = Scene(["Yes."])
    async with scene.call() as call:
        await call.say(sound)
        await call.say(speech(1000) + silence())  # the first thing that is answered
        await call.until("response_stop")
    begun = call.kinds().index("transcript_start")
    assert call.kinds()[1 : begun - 2] == kinds
    assert len(scene.brain.asked) == 1
    await scene.engines.aclose()


async def test_recognition_begins_in_the_pause_and_is_void_when_speech_goes_on() -> None:
    scene = Scene(["Yes."])
    async with scene.call() as call:
        await call.say(speech(1000) + silence(10) + speech(2000) + silence())
        await call.until("response_stop")
    # The pause was recognised, or was dropped before its turn; the whole was recognised once.
    assert scene.recogniser.heard[-1] == 2000
    assert scene.recogniser.heard.count(2000) == 1
    assert call.words("user") == ["Stop."]
    await scene.engines.aclose()


async def test_text_is_answered_aloud_without_a_transcript_of_the_user() -> None:
    scene = Scene(["Hello."])
    async with scene.call() as call:
        await scene.type("Hi")
        await call.until("response_stop")
    assert call.words("user") == []
    assert call.words("assistant") == ["Hello."]
    assert "audio_delta" in call.kinds()
    assert scene.brain.asked == [[user("Hi")]]
    await scene.engines.aclose()


async def test_what_was_said_before_is_known() -> None:
    earlier = [user("My name is David."), assistant("Hello David.")]
    scene = Scene(["David."], ["Yes, David."])
    async with scene.call(messages=earlier) as call:
        await scene.type("Who am I?")
        await call.until("response_stop")
        scene.clock.seconds += 10
        await scene.type("Sure?")
        await call.until("response_stop", 2)
    assert scene.brain.asked[1] == [
        *earlier, user("Who am I?"), assistant("David."), user("Sure?"),
    ]  # fmt: skip
    assert "barge_in" not in call.kinds()
    await scene.engines.aclose()


async def test_tools_run_and_their_results_are_spoken() -> None:
    scene = Scene([("1", "add", '{"a": 2}'), ("2", "now", "{}")], ["Done."])
    async with scene.call() as call:
        await scene.type("Add.")
        await call.until("response_stop")
        await scene.give_result("2", "noon")
        await scene.give_result("unknown", "?")
        await scene.give_result("1", "5")
        await call.until("response_stop", 2)
        await scene.give_result("1", "again")
    assert call.words("assistant") == ["Done."]
    assert scene.brain.asked[1][1:] == [
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": "1", "name": "add", "input": {"a": 2}}},
                {"toolUse": {"toolUseId": "2", "name": "now", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "1", "status": "success", "content": [{"text": "5"}]}},
                {
                    "toolResult": {
                        "toolUseId": "2",
                        "status": "success",
                        "content": [{"text": "noon"}],
                    }
                },
            ],
        },
    ]
    await scene.engines.aclose()


async def test_a_user_who_goes_on_is_answered_once_with_all_they_said() -> None:
    scene = Scene(["Fine."])
    scene.recogniser.may_answer.clear()
    async with scene.call() as call:
        await call.say(speech(1000) + silence() + speech(2000) + silence())
        await call.until("cascade_speech_stop", 2)
        scene.recogniser.may_answer.set()
        await call.until("response_stop")
    assert call.words("user") == ["What is it?", "Stop."]
    assert scene.brain.asked == [[user("What is it?", "Stop.")]]
    await scene.engines.aclose()


async def test_a_question_is_answered_even_if_a_noise_follows_it() -> None:
    scene = Scene(["Fine."])
    scene.recogniser.may_answer.clear()
    async with scene.call() as call:
        await call.say(speech(1000) + silence() + speech(3000) + silence())
        await call.until("cascade_speech_stop", 2)
        scene.recogniser.may_answer.set()
        await call.until("response_stop")
    assert scene.brain.asked == [[user("What is it?")]]
    await scene.engines.aclose()


async def test_long_speech_is_understood_in_pieces_and_answered_at_its_end() -> None:
    scene = Scene(["Fine."])
    await scene.engines.ready()
    async with scene.call() as call:
        await call.say(speech(1000, frames=640) + silence())
        await call.until("response_stop")
    assert call.words("user") == ["What is it?", "What is it?"]
    assert scene.brain.asked == [[user("What is it?", "What is it?")]]
    await scene.engines.aclose()


async def test_a_caller_is_connected_and_heard_before_the_engines_are_loaded() -> None:
    scene = Scene(["It is seven."])
    scene.recogniser.may_load.clear()
    async with scene.call() as call:
        await call.until("connection_start")
        await call.say(speech(1000) + silence())
        assert scene.engines.state == "loading"
        scene.recogniser.may_load.set()
        await call.until("response_stop")
    assert call.words("user") == ["What is it?"]
    await scene.engines.aclose()


async def test_engines_that_do_not_load_end_the_conversation_with_their_reason() -> None:
    scene = Scene()
    scene.recogniser.load_error = Unavailable("Its file is missing.")
    await scene.model.start()
    with pytest.raises(Unavailable, match="Its file is missing"):
        _ = [event async for event in scene.model.receive()]
    await scene.model.stop()
    await scene.engines.aclose()


@pytest.mark.parametrize("part", ["recogniser", "brain"])
async def test_a_part_that_fails_is_told_where_the_events_are_read(part: str) -> None:
    scene = Scene([ValueError("the model is down")])
    if part == "recogniser":
        scene.recogniser.error = ModelFailed("say it again")
    await scene.model.start()
    audio = speech(1000) + silence()
    await scene.model.send(AudioDelta(format="pcm", source={"bytes": audio}))
    with pytest.raises((ValueError, ModelFailed), match=r"model is down|say it again"):
        _ = [event async for event in scene.model.receive()]
    await scene.model.stop()
    await scene.engines.aclose()


async def test_the_end_leaves_no_task_behind() -> None:
    never = asyncio.Event()
    scene = Scene([never])
    async with scene.call() as call:
        await call.say(speech(1000) + silence())
        await call.until("response_start")
        await call.say(speech(2000))
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await scene.engines.aclose()

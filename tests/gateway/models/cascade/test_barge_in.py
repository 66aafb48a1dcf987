"""Being cut off: by speech, by text, by the client."""

import asyncio

from gateway.models.cascade.conversation import Conversation
from gateway.models.cascade.history import History
from gateway.models.cascade.reply import Brain
from tests.gateway.models.speech_fakes import silence, speech
from tests.gateway.models.speech_scene import Scene, assistant, user


async def test_speech_cuts_off_an_answer_being_made() -> None:
    never = asyncio.Event()
    scene = Scene(["One two three four. Five", never, " six."], ["Fine."])
    async with scene.call() as call:
        await scene.type("Count.")
        await call.until("audio_delta")
        scene.clock.seconds += 0.25  # of 0.4 seconds
        await call.say(speech(2000) + silence())
        await call.until("response_stop", 2)
    kinds = call.kinds()
    cut = kinds.index("barge_in")
    assert kinds[cut - 1 : cut + 4] == [
        "cascade_speech_start", "barge_in", "transcript_stop", "audio_stop", "response_stop",
    ]  # fmt: skip
    assert call.events[[e["type"] for e in call.events].index("bidi_barge_in")] == {
        "type": "bidi_barge_in",
        "heard": "One two",
    }
    assert scene.brain.asked[1] == [
        user("Count."), assistant("One two [interrupted]"), user("Stop."),
    ]  # fmt: skip
    await scene.engines.aclose()


async def test_speech_cuts_off_an_answer_that_is_complete_but_still_playing() -> None:
    scene = Scene(["One two three four."], ["Fine."])
    async with scene.call() as call:
        await scene.type("Count.")
        await call.until("response_stop")
        scene.clock.seconds += 0.39
        await call.say(speech(2000) + silence())
        await call.until("response_stop", 2)
    assert call.kinds().count("barge_in") == 1
    assert scene.brain.asked[1][1] == assistant("One two three [interrupted]")
    await scene.engines.aclose()


async def test_speech_after_the_answer_was_played_cuts_nothing() -> None:
    scene = Scene(["One two three four."], ["Fine."])
    async with scene.call() as call:
        await scene.type("Count.")
        await call.until("response_stop")
        scene.clock.seconds += 0.41
        await call.say(speech(2000) + silence())
        await call.until("response_stop", 2)
    assert "barge_in" not in call.kinds()
    assert scene.brain.asked[1][1] == assistant("One two three four.")
    await scene.engines.aclose()


async def test_a_cough_does_not_cut_off_the_answer() -> None:
    scene = Scene(["One two three four."])
    async with scene.call() as call:
        await scene.type("Count.")
        await call.until("response_stop")
        await call.say(speech(2000, frames=6) + silence())
        await call.until("cascade_speech_stop")
    assert "barge_in" not in call.kinds()
    assert scene.recogniser.heard == []
    await scene.engines.aclose()


async def test_sound_nobody_took_is_never_heard() -> None:
    never = asyncio.Event()
    scene = Scene(["One two three four. " * 20, never], ["Fine."])
    conversation = Conversation(
        Brain(scene.brain, None, None), scene.engines, "en-US", History(), scene.clock
    )
    conversation.read("Count.")
    await scene.synthesizer.until_said(19)
    conversation.read("Stop.")
    kinds: list[str] = []
    async for event in conversation.events():
        kinds.append(event["type"])
        if kinds.count("bidi_response_stop") == 2:
            await conversation.aclose()
    assert kinds[:4] == [
        "bidi_response_start", "bidi_barge_in", "bidi_response_stop", "bidi_response_start",
    ]  # fmt: skip
    assert kinds.count("bidi_audio_delta") == 1
    assert scene.brain.asked[1] == [user("Count."), assistant("[interrupted]"), user("Stop.")]
    await scene.engines.aclose()


async def test_results_of_an_answer_that_was_cut_off_are_nobodys() -> None:
    scene = Scene(["Let me see.", ("1", "add", "{}")], ["Fine."], ["Late."])
    async with scene.call() as call:
        await scene.type("Add.")
        await call.until("response_stop")
        scene.clock.seconds += 10
        await scene.type("Never mind.")
        await call.until("response_stop", 2)
        await scene.give_result("1", "5")
    assert call.kinds().count("barge_in") == 1
    assert scene.brain.asked[1:] == [
        [user("Add."), assistant("Let me see. [interrupted]"), user("Never mind.")]
    ]
    await scene.engines.aclose()


async def test_an_answer_with_tools_keeps_its_calls_when_its_words_are_cut() -> None:
    never = asyncio.Event()
    scene = Scene(["Let me see now.", ("1", "add", "{}")], [never], ["Fine."])
    async with scene.call() as call:
        await scene.type("Add.")
        await call.until("response_stop")
        await scene.give_result("1", "5")
        await call.until("response_start", 2)
        scene.clock.seconds += 0.15  # of 0.4 seconds
        await scene.type("Stop.")
        await call.until("response_stop", 3)
    shown = scene.brain.asked[2]
    assert shown[1]["content"] == [
        {"text": "Let [interrupted]"},
        {"toolUse": {"toolUseId": "1", "name": "add", "input": {}}},
    ]
    assert [message["role"] for message in shown] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert shown[3] == assistant("[interrupted]")
    await scene.engines.aclose()


async def test_the_client_can_cut_off_the_answer() -> None:
    never = asyncio.Event()
    scene = Scene([never])
    async with scene.call() as call:
        await scene.model.interrupt()
        await scene.type("Hi")
        await call.until("response_start")
        await scene.model.interrupt()
        await scene.model.interrupt()
        await call.until("response_stop")
    assert call.kinds() == ["connection_start", "response_start", "barge_in", "response_stop"]
    await scene.engines.aclose()


async def test_an_answer_of_nothing_leaves_no_trace() -> None:
    scene = Scene([], ["Fine."], ["Good."])
    async with scene.call() as call:
        await scene.type("One.")
        await call.until("response_stop")
        await scene.type("Two.")
        await call.until("response_stop", 2)
        await scene.type("Three.")
        await call.until("response_stop", 3)
    assert scene.brain.asked[1] == [user("One.", "Two.")]
    assert scene.brain.asked[2][1:] == [assistant("[interrupted]"), user("Three.")]
    await scene.engines.aclose()


async def test_speech_that_is_read_late_cuts_off_the_answer_to_what_was_typed_after_it() -> None:
    never = asyncio.Event()
    scene = Scene([never], ["Fine."])
    scene.recogniser.may_answer.clear()
    async with scene.call() as call:
        await call.say(speech(1000) + silence())
        await call.until("cascade_speech_stop")
        await scene.type("Hi")
        await call.until("response_start")
        scene.recogniser.may_answer.set()
        await call.until("response_stop", 2)
    assert scene.brain.asked[1] == [user("Hi"), assistant("[interrupted]"), user("What is it?")]
    await scene.engines.aclose()

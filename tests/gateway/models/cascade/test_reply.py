import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from strands.types.content import Message

from gateway.models.cascade.outbox import Outbox
from gateway.models.cascade.playback import Playback
from gateway.models.cascade.reply import Brain, Reply, Stage
from gateway.models.offline.synthesizer import SynthesisFailed
from tests.gateway.models.speech_fakes import FakeSynthesizer, ScriptedModel

HELLO: list[Message] = [{"role": "user", "content": [{"text": "Hello"}]}]


class Theatre:
    """A stage, and what came from it."""

    def __init__(self) -> None:
        self.synthesizer = FakeSynthesizer()
        self.outbox = Outbox(lambda size: None)
        self.stage = Stage(
            self.outbox, Playback(), lambda sentence: self.synthesizer.speak(sentence, "en-US")
        )

    async def shown(self) -> list[str]:
        self.outbox.fail(EOFError())
        lines: list[str] = []
        with pytest.raises(EOFError):
            async for event in self.outbox:
                what = event.get("delta") or event.get("tool_uses") or event.get("total_tokens", "")
                lines.append(f"{event['type'].removeprefix('bidi_')} {what}".strip())
        return lines


async def test_an_answer_is_spoken_sentence_by_sentence() -> None:
    theatre = Theatre()
    reply = Reply(theatre.stage)
    model = ScriptedModel(["It is ", "seven. Anything", " else?"])
    await reply.run(
        Brain(model, "Be kind.", [{"name": "x", "description": "", "inputSchema": {}}]), HELLO
    )
    assert await theatre.shown() == [
        "response_start",
        "transcript_start",
        "transcript_delta It is seven.",
        "audio_start",
        "audio_delta",
        "audio_delta",
        "transcript_delta Anything else?",
        "audio_delta",
        "transcript_stop",
        "audio_stop",
        "usage 5",
        "response_stop",
    ]
    assert [piece.text for piece in reply.answer.pieces] == ["It is seven. ", "Anything else?"]
    times = [second for p in reply.answer.pieces for second in (p.start_seconds, p.end_seconds)]
    assert times == pytest.approx([0.0, 0.3, 0.3, 0.5])
    assert model.asked == [HELLO]
    assert model.prompts == [([{"name": "x", "description": "", "inputSchema": {}}], "Be kind.")]


async def test_tool_calls_come_complete_after_the_words() -> None:
    theatre = Theatre()
    reply = Reply(theatre.stage)
    model = ScriptedModel(["Let me see.", ("1", "add", '{"a": 2}'), ("2", "now", "{}")])
    await reply.run(Brain(model, None, None), HELLO)
    calls = [
        {"toolUseId": "1", "name": "add", "input": {"a": 2}},
        {"toolUseId": "2", "name": "now", "input": {}},
    ]
    shown = await theatre.shown()
    assert shown[-5:] == [
        "transcript_stop", "audio_stop", "usage 5", f"tool_use_blocks {calls}", "response_stop",
    ]  # fmt: skip
    assert reply.calls == calls
    assert reply.message == {
        "role": "assistant",
        "content": [{"text": "Let me see."}, {"toolUse": calls[0]}, {"toolUse": calls[1]}],
    }


async def test_a_sentence_that_cannot_be_spoken_still_goes_out_as_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    theatre = Theatre()
    theatre.synthesizer.error = SynthesisFailed("The synthesizer did not answer.")
    with caplog.at_level(logging.WARNING):
        await Reply(theatre.stage).run(Brain(ScriptedModel(["Hello."]), None, None), HELLO)
    assert await theatre.shown() == [
        "response_start", "transcript_start", "transcript_delta Hello.", "transcript_stop",
        "usage 5", "response_stop",
    ]  # fmt: skip
    assert "could not be spoken" in caplog.text


async def test_an_answer_that_fails_closes_what_it_opened() -> None:
    theatre = Theatre()
    model = ScriptedModel(["One. Two", ValueError("model")])
    with pytest.raises(ValueError, match="model"):
        await Reply(theatre.stage).run(Brain(model, None, None), HELLO)
    assert (await theatre.shown())[-2:] == ["transcript_stop", "audio_stop"]


async def test_nothing_follows_once_an_answer_is_closed() -> None:
    theatre = Theatre()
    reply = Reply(theatre.stage)
    gate = asyncio.Event()

    class Stubborn(ScriptedModel):
        async def stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
            events = super().stream(*args, **kwargs)
            async for event in events:
                if "contentBlockStop" in event:
                    await gate.wait()
                yield event

    running = asyncio.create_task(reply.run(Brain(Stubborn(["One. Two"]), None, None), HELLO))
    await theatre.synthesizer.until_said(1)
    reply.close()
    reply.close()
    gate.set()
    await running
    assert (await theatre.shown())[-3:] == ["transcript_stop", "audio_stop", "response_stop"]
    assert (reply.message, reply.calls) == (None, [])


async def test_sound_that_comes_after_the_close_is_dropped() -> None:
    theatre = Theatre()
    gate = asyncio.Event()
    speak = theatre.synthesizer.speak

    async def slow(sentence: str) -> bytes:
        await gate.wait()
        return await speak(sentence, "en-US")

    reply = Reply(Stage(theatre.outbox, theatre.stage.playback, slow))
    running = asyncio.create_task(reply.run(Brain(ScriptedModel(["One."]), None, None), HELLO))
    for _ in range(20):
        await asyncio.sleep(0)
    reply.close()
    gate.set()
    await running
    assert await theatre.shown() == [
        "response_start", "transcript_start", "transcript_delta One.", "transcript_stop",
        "response_stop",
    ]  # fmt: skip
    assert reply.answer.pieces == []

"""A cascade among fakes, and the messages its text model is shown."""

from typing import Any

from strands.bidi.types.content import BidiMessage
from strands.types.content import Message, TextBlock
from strands.types.tools import ToolResultBlock

from gateway.models.cascade import CascadeModel
from gateway.models.offline.speech import SpeechEngines
from tests.gateway.models.speech_fakes import (
    Call,
    Clock,
    FakeRecogniser,
    ScriptedModel,
    fake_engines,
)

WORDS = {1000: "What is it?", 2000: "Stop.", 3000: ""}


class Scene:
    def __init__(self, *answers: Any, **options: Any) -> None:
        self.engines: SpeechEngines
        self.recogniser: FakeRecogniser
        self.engines, self.recogniser, self.synthesizer = fake_engines(WORDS, **options)
        self.brain = ScriptedModel(*answers)
        self.clock = Clock()
        self.model = CascadeModel(self.brain, self.engines, clock=self.clock)

    def call(self, **start: Any) -> Call:
        return Call(self.model, **start)

    async def type(self, text: str) -> None:
        await self.model.send(BidiMessage(content=[TextBlock(text)]))

    async def give_result(self, call_id: str, text: str) -> None:
        block = ToolResultBlock(tool_use_id=call_id, status="success", content=[{"text": text}])
        await self.model.send(BidiMessage(content=[block]))


def user(*texts: str) -> Message:
    return {"role": "user", "content": [{"text": text} for text in texts]}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": [{"text": text}]}

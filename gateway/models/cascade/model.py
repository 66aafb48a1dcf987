"""The cascade as strands sees it: a bidirectional model."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from uuid import uuid4

from strands.bidi.models import BidiModel
from strands.bidi.models.configs import AudioConfig, AudioStreamConfig
from strands.bidi.types.content import BidiContentDelta, BidiMessage
from strands.bidi.types.events import BidiConnectionStartEvent, BidiOutputEvent
from strands.bidi.types.media import AudioDelta
from strands.models import Model
from strands.types.content import Messages, TextBlock
from strands.types.tools import ToolResultBlock, ToolSpec

from gateway.models.cascade.conversation import Conversation
from gateway.models.cascade.history import History
from gateway.models.cascade.reply import Brain
from gateway.models.offline.speech import SpeechEngines
from gateway.models.offline.synthesizer import choose_voice


class CascadeModel(BidiModel):
    """A voice for any text model; also ``AudioCapable``. One instance serves one conversation.

    Args:
        text_model: Who answers.
        speech: The engines, shared by all conversations of the process.
        voice: Name of the synthesizer's voice; None takes the language's.
        language: Language of the speech; None takes the engines' voice.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        text_model: Model,
        speech: SpeechEngines,
        *,
        voice: str | None = None,
        language: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._text_model = text_model
        self._speech = speech
        self._clock = clock
        self._voice = choose_voice(voice, language) if voice or language else speech.voice
        self._conversation: Conversation | None = None
        self._release: Callable[[], None] | None = None

    def get_config(self) -> dict[str, Any]:
        """Name the model and the voice."""
        return {"model_id": f"cascade/{_model_id(self._text_model)}", "voice": self._voice}

    def update_config(self, **model_config: Any) -> None:
        """Change the voice of the next conversation.

        Raises:
            ValueError: Something else was to be changed.
        """
        voice = model_config.pop("voice", None)
        if model_config:
            raise ValueError(f"a cascade has no setting {', '.join(sorted(model_config))}")
        self._voice = choose_voice(voice)

    def get_audio_config(self) -> AudioConfig:
        """Tell the form of sound, the same both ways."""
        form = AudioStreamConfig(sample_rate=self._speech.sample_rate, channels=1, format="pcm")
        return AudioConfig(input=form, output=form.copy())

    async def start(
        self,
        system_prompt: str | None = None,
        tools: list[ToolSpec] | None = None,
        messages: Messages | None = None,
        **kwargs: Any,
    ) -> None:
        """Open a conversation. Does not wait for the engines to load.

        The caller is connected at once and may speak: five seconds are kept until somebody hears
        them, and heard 40 times faster than they were spoken. If the engines do not load,
        ``receive`` raises.

        Raises:
            RuntimeError: It is open already.
            TooManySessions: This machine can bear no more voices.
            Unavailable: A package is missing.
        """
        if self._conversation is not None:
            raise RuntimeError("the conversation is open; stop it before starting another")
        self._release = self._speech.admit()
        brain = Brain(self._text_model, system_prompt, tools)
        history = History(messages or ())
        conversation = Conversation(brain, self._speech, self._voice, history, self._clock)
        conversation.start(BidiConnectionStartEvent(str(uuid4()), self.model_id))
        self._conversation = conversation

    async def stop(self) -> None:
        """End the conversation; idempotent."""
        conversation, self._conversation = self._conversation, None
        release, self._release = self._release, None
        if release is not None:
            release()
        if conversation is not None:
            await conversation.aclose()

    async def receive(self) -> AsyncIterator[BidiOutputEvent]:
        """Yield the events until the conversation is stopped."""
        async for event in self._open().events():
            yield event

    async def send(self, content: BidiMessage | BidiContentDelta) -> None:
        """Take sound, typed text or results of tools.

        Raises:
            ValueError: It holds images, or sound that is not PCM.
        """
        conversation = self._open()
        if isinstance(content, AudioDelta):
            if content.format != "pcm":
                raise ValueError("a cascade hears PCM16 mono at 16 kHz only")
            await conversation.hear(content.source["bytes"])
            return
        results = [block for block in content.content if isinstance(block, ToolResultBlock)]
        texts = [block.text for block in content.content if isinstance(block, TextBlock)]
        if len(results) + len(texts) != len(content.content):
            raise ValueError("a cascade takes no images; describe them in words")
        if results:
            conversation.take_results(results)
        elif text := "\n".join(texts).strip():
            conversation.read(text)

    async def interrupt(self) -> None:
        """Cut off the answer, as if the user had spoken over it; nothing if there is none."""
        self._open().interrupt()

    def _open(self) -> Conversation:
        if self._conversation is None:
            raise RuntimeError("the conversation is not open; start it first")
        return self._conversation


def _model_id(model: Model) -> str:
    config = model.get_config()
    named = config.get("model_id") if isinstance(config, Mapping) else None
    return str(named or type(model).__name__)

"""What the clients of AWS's Strands ``BidiAgent`` sample send, as native messages. Pure.

The vocabulary is that of ``strands.experimental.bidi``, which strands itself renamed: pages that
are deployed speak the old one. A client may choose the rates of its sound. Not its to choose, and
so read and left alone: ``model_id``, ``region``, ``gateway_arns``, ``api_key`` and
``system_prompt``; ``voice`` counts where a Nova Sonic answers, whose names they are.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from protocols.contract.errors import Detail, InvalidInput
from protocols.live.messages import InputImage, InputText, SampleRate, SessionStart, Words
from protocols.websocket.connection import Frame
from protocols.websocket.dialects.vocabulary import NOTHING, Heard, read_as

DEFAULT_RATE = 16_000
SERVER_TYPE = re.compile(r"bidi_(?!audio_input$|text_input$|image_input$)\w+|system|error|tool_\w+")
"""What only servers send: ignored, because proxies have been seen to reflect it."""

_VOICE = re.compile(r"[a-z]{2,20}")
_CONFIG_FIRST = "Send config first: the messages before it are not taken."
_CONFIG_ONCE = "The session is configured already; config counts once. The session goes on."


class Config(Struct, frozen=True):
    """Opens the session."""

    voice: str | None = None
    input_sample_rate: SampleRate = DEFAULT_RATE
    output_sample_rate: SampleRate = DEFAULT_RATE


class TextInput(Struct, frozen=True):
    """Words the user typed."""

    text: Words
    role: Literal["user"] = "user"


class AudioInput(Struct, frozen=True):
    """Sound of the user; ``audio`` is base64 on the wire."""

    audio: bytes
    format: Literal["pcm"] = "pcm"
    sample_rate: int | None = None
    channels: Literal[1] = 1


class ImageInput(Struct, frozen=True):
    """A picture; ``image`` is base64 on the wire."""

    image: Annotated[bytes, Meta(min_length=1)]
    mime_type: Annotated[str, Meta(pattern=r"^image/[\w.+-]+$")]


class _Envelope(Struct):
    type: str


class StrandsReader:
    """Reads one connection.

    Args:
        takes_voice: whether the names of Nova Sonic's voices mean something to the model.
    """

    def __init__(self, *, takes_voice: bool) -> None:
        self._takes_voice = takes_voice
        self._input_rate: int | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Never: each message stands alone."""
        return False

    def settle(self) -> Heard:
        """Nothing is in doubt."""
        return NOTHING

    def hear(self, frame: Frame) -> Heard:
        """Translate a message; raises ``InvalidInput``."""
        kind_name = read_as(frame, _Envelope).type
        if SERVER_TYPE.fullmatch(kind_name):
            return NOTHING
        kind = _MESSAGES.get(kind_name)
        if kind is None:
            raise InvalidInput(
                f"This message has an unknown type. Send one of: {', '.join(_MESSAGES)}.",
                [Detail("$.type", "unknown type")],
            )
        if self._input_rate is None and kind is not Config:
            return _system(_CONFIG_FIRST)
        return _ACTIONS[kind](self, read_as(frame, kind))

    def _configure(self, config: Config) -> Heard:
        if self._input_rate is not None:
            return _system(_CONFIG_ONCE)
        self._input_rate = config.input_sample_rate
        start = SessionStart(
            input_sample_rate=config.input_sample_rate,
            output_sample_rate=config.output_sample_rate,
        )
        if self._takes_voice and config.voice and _VOICE.fullmatch(config.voice):
            start = msgspec.structs.replace(start, voice=config.voice)
        return Heard((start,))

    def _take_text(self, message: TextInput) -> Heard:
        return Heard((InputText(message.text),))

    def _take_audio(self, message: AudioInput) -> Heard:
        if message.sample_rate not in {None, self._input_rate}:
            raise InvalidInput(
                f"The session takes sound at {self._input_rate} Hz. "
                "Send the rate of the microphone in config, as input_sample_rate.",
                [Detail("$.sample_rate", "is not the rate of the session")],
            )
        return Heard((message.audio,))

    def _take_image(self, message: ImageInput) -> Heard:
        return Heard((InputImage(message.mime_type, message.image),))


_MESSAGES: Mapping[str, type[Struct]] = {
    "config": Config,
    "text_input": TextInput,
    "bidi_text_input": TextInput,
    "bidi_audio_input": AudioInput,
    "bidi_image_input": ImageInput,
}

_ACTIONS: Mapping[type[Struct], Callable[[StrandsReader, Any], Heard]] = {
    Config: StrandsReader._configure,
    TextInput: StrandsReader._take_text,
    AudioInput: StrandsReader._take_audio,
    ImageInput: StrandsReader._take_image,
}


def _system(message: str) -> Heard:
    return Heard(replies=({"type": "system", "message": message},))

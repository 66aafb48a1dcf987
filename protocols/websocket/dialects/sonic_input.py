"""What the clients of AWS's native Nova Sonic sample send, as native messages. Pure.

The language is that of Bedrock's bidirectional stream, ``{"event": {NAME: {…}}}``, or the same as a
string in ``{"body": "…"}``. The sample relays it to the model. Here the agent is the gateway's: a
client may choose the rates of its sound, and say something as the user. Read and left alone are its
system prompt, its history (the gateway remembers), its tools and their results (the gateway has and
runs its own) and the inference configuration; ``voiceId`` counts where a Nova Sonic answers.

What the user said in a history looks like a question: it comes before the sound, and the answer
follows, as a text of the assistant. So before the sound a text of the user is in doubt until
something else follows, or nothing.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from protocols.contract.errors import Detail, InvalidInput
from protocols.live.messages import InputText, SampleRate, SessionStart, SessionStop
from protocols.websocket.connection import Frame
from protocols.websocket.dialects.vocabulary import NOTHING, Heard, read_as

INPUT_RATE = 16_000
OUTPUT_RATE = 24_000
SERVER_EVENTS = frozenset(
    {"completionStart", "textOutput", "audioOutput", "toolUse", "usageEvent", "completionEnd"}
    | {"error", "toolResult"}
)
"""What only servers send (here tool results are, too): ignored, because proxies have been seen to
reflect it."""

_MOST_CONTENTS = 32
_MOST_CHARACTERS = 100_000
_CLOSING_SILENCE_SECONDS = 1.0
_BYTES_PER_SAMPLE = 2
_VOICE = re.compile(r"[a-z]{2,20}")

type Name = Annotated[str, Meta(max_length=256)]


class _Event(Struct, frozen=True, rename="camel"):
    """Members that are not named here are ignored."""


class AudioOutput(_Event, frozen=True):
    """How the client wants to hear the answer."""

    sample_rate_hertz: SampleRate = OUTPUT_RATE
    voice_id: str | None = None


class AudioInput(_Event, frozen=True):
    """How the client sends its sound."""

    sample_rate_hertz: SampleRate = INPUT_RATE
    sample_size_bits: Literal[16] = 16
    channel_count: Literal[1] = 1


class SessionBegins(_Event, frozen=True):
    """A session, the first or after another one."""


class PromptBegins(_Event, frozen=True):
    """What the session is called, and how it sounds."""

    prompt_name: Name = ""
    audio_output_configuration: AudioOutput = AudioOutput()


class ContentBegins(_Event, frozen=True):
    """Something the client is about to say. With a ``contentId`` it is a server's."""

    content_name: Name = ""
    type: Literal["TEXT", "AUDIO", "TOOL"] = "TEXT"
    role: str = ""
    interactive: bool = False
    audio_input_configuration: AudioInput = AudioInput()
    content_id: str | None = None


class TextContent(_Event, frozen=True):
    """Words, or a piece of them."""

    content: str
    content_name: Name = ""


class AudioContent(_Event, frozen=True):
    """Sound; base64 on the wire."""

    content: bytes
    content_name: Name = ""


class ContentEnds(_Event, frozen=True):
    """All of it is said. With a ``contentId`` it is a server's."""

    content_name: Name = ""
    content_id: str | None = None


class SessionEnds(_Event, frozen=True):
    """The session is over; another may follow."""


class PromptEnds(_Event, frozen=True):
    """Nothing more is said in this prompt."""


class _Envelope(Struct):
    event: dict[str, Raw] | None = None
    body: str | None = None


class _Content(Struct):
    """What is open. ``asks``: the words are the user's question."""

    type: str
    asks: bool
    words: str = ""


class SonicReader:
    """Reads one connection.

    Args:
        takes_voice: whether the names of Nova Sonic's voices mean something to the model.
    """

    def __init__(self, *, takes_voice: bool) -> None:
        self.prompt_name = ""
        self._takes_voice = takes_voice
        self._prompt: PromptBegins | None = None
        self._input_rate: int | None = None  # of the open session
        self._contents: dict[str, _Content] = {}
        self._is_settled = False  # no history follows any more
        self._doubtful = ""

    @property
    def is_in_doubt(self) -> bool:
        """Whether it is open if the user asked something, or had asked it earlier."""
        return bool(self._doubtful)

    def settle(self) -> Heard:
        """Ask what is in doubt: no answer of a history follows."""
        self._is_settled = True
        return self._ask()

    def hear(self, frame: Frame) -> Heard:
        """Translate a message; raises ``InvalidInput``."""
        envelope = read_as(frame, _Envelope)
        if envelope.event is None and envelope.body is not None:
            envelope = read_as(envelope.body, _Envelope)
        native: list[Any] = []
        for name, body in (envelope.event or {}).items():
            if name not in SERVER_EVENTS:
                native += self._hear_event(name, body).native
        return Heard(tuple(native)) if native else NOTHING

    def _hear_event(self, name: str, body: Raw) -> Heard:
        kind = _EVENTS.get(name)
        if kind is None:
            raise InvalidInput(
                f"This event is unknown. Send one of: {', '.join(_EVENTS)}.",
                [Detail("$.event", "unknown name")],
            )
        return _ACTIONS[kind](self, read_as(bytes(body).decode(), kind))

    def _begin_session(self, event: SessionBegins) -> Heard:
        ended = self._end_session(SessionEnds())
        self._is_settled = False
        self._prompt = PromptBegins()
        return ended

    def _begin_prompt(self, event: PromptBegins) -> Heard:
        if self._prompt is None:
            raise InvalidInput("No session has begun. Send sessionStart first.")
        self._prompt = event
        self.prompt_name = event.prompt_name
        return NOTHING

    def _begin_content(self, event: ContentBegins) -> Heard:
        if event.content_id is not None:
            return NOTHING  # reflected
        if self._prompt is None:
            raise InvalidInput("No session has begun. Send sessionStart first.")
        if len(self._contents) >= _MOST_CONTENTS:
            raise InvalidInput(f"{_MOST_CONTENTS} contents are open. Send their contentEnd first.")
        heard = NOTHING
        if event.type == "AUDIO":
            heard = self._begin_sound(event.audio_input_configuration.sample_rate_hertz)
        elif event.role == "ASSISTANT":
            self._doubtful = ""  # this answers it: it is the client's history
        asks = event.type == "TEXT" and event.role == "USER" and event.interactive
        self._contents[event.content_name] = _Content(event.type, asks)
        return heard

    def _begin_sound(self, sample_rate: int) -> Heard:
        opened = self._open(sample_rate)
        return Heard(opened.native + self.settle().native)

    def _take_words(self, event: TextContent) -> Heard:
        content = self._contents.get(event.content_name)
        if content is None or not content.asks:
            return NOTHING
        content.words += event.content
        if len(content.words) > _MOST_CHARACTERS:
            del self._contents[event.content_name]
            raise InvalidInput(f"A text is longer than {_MOST_CHARACTERS} characters.")
        return NOTHING

    def _take_sound(self, event: AudioContent) -> Heard:
        content = self._contents.get(event.content_name)
        if content is None or self._input_rate is None:
            return NOTHING  # microphones run on for a moment after the session was ended
        if content.type != "AUDIO":
            raise InvalidInput("The content named is no sound. Send contentStart of type AUDIO.")
        return Heard((event.content,))

    def _end_content(self, event: ContentEnds) -> Heard:
        if event.content_id is not None:
            return NOTHING  # reflected
        content = self._contents.pop(event.content_name, None)
        if content is None:
            return NOTHING
        if content.type == "AUDIO" and self._input_rate is not None:
            # The end of a question is heard by the silence behind it.
            samples = round(self._input_rate * _CLOSING_SILENCE_SECONDS)
            return Heard((bytes(samples * _BYTES_PER_SAMPLE),))
        if not content.asks or not content.words.strip():
            return NOTHING
        asked = self._ask()
        self._doubtful = content.words
        return Heard(asked.native + self._ask().native) if self._is_settled else asked

    def _ask(self) -> Heard:
        words, self._doubtful = self._doubtful, ""
        if not words:
            return NOTHING
        return Heard((*self._open(self._input_rate or INPUT_RATE).native, InputText(words)))

    def _end_prompt(self, event: PromptEnds) -> Heard:
        return NOTHING

    def _end_session(self, event: SessionEnds) -> Heard:
        asked = self._ask()
        is_open = self._input_rate is not None
        self._prompt, self._input_rate = None, None
        self._contents.clear()
        return Heard((*asked.native, SessionStop())) if is_open else NOTHING

    def _open(self, input_rate: int) -> Heard:
        if self._input_rate not in {None, input_rate}:
            raise InvalidInput(
                f"The session takes sound at {self._input_rate} Hz. Begin another session for "
                "another rate.",
                [Detail("$.event.contentStart.audioInputConfiguration", "another sampleRateHertz")],
            )
        if self._input_rate is not None or self._prompt is None:
            return NOTHING
        self._input_rate = input_rate
        output = self._prompt.audio_output_configuration
        start = SessionStart(
            input_sample_rate=input_rate, output_sample_rate=output.sample_rate_hertz
        )
        if self._takes_voice and output.voice_id and _VOICE.fullmatch(output.voice_id):
            start = msgspec.structs.replace(start, voice=output.voice_id)
        return Heard((start,))


_EVENTS: Mapping[str, type[_Event]] = {
    "sessionStart": SessionBegins,
    "promptStart": PromptBegins,
    "contentStart": ContentBegins,
    "textInput": TextContent,
    "audioInput": AudioContent,
    "contentEnd": ContentEnds,
    "promptEnd": PromptEnds,
    "sessionEnd": SessionEnds,
}

_ACTIONS: Mapping[type[_Event], Callable[[SonicReader, Any], Heard]] = {
    SessionBegins: SonicReader._begin_session,
    PromptBegins: SonicReader._begin_prompt,
    ContentBegins: SonicReader._begin_content,
    TextContent: SonicReader._take_words,
    AudioContent: SonicReader._take_sound,
    ContentEnds: SonicReader._end_content,
    PromptEnds: SonicReader._end_prompt,
    SessionEnds: SonicReader._end_session,
}

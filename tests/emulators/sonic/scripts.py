"""What the emulated Nova Sonic should do in a session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.emulators.scripting import MODEL_TIMEOUT, Fault, Refusal


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool. The real service sometimes encodes the arguments twice."""

    name: str
    input: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    is_encoded_twice: bool = False


@dataclass(frozen=True)
class UserTurn:
    """What the user did: typed ``text``, or spoke ``pcm`` for some seconds."""

    text: str | None
    pcm: bytes
    seconds: float
    tools: tuple[str, ...]


type Words = tuple[str, ...] | Callable[[Sequence[Any]], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """How one turn of the user is answered.

    Attributes:
        heard: the transcript of the speech; "" for none.
        tools: called before the answer, which waits for all results.
        say: what is said, each part with audio of its own; or made from the results of the tools.
        seconds: length of the audio of each part; None gives back what was heard.
        hertz: the pitch of the audio.
        pause_seconds: before each 100 ms of audio; 0 is faster than real time.
        wait_seconds: before anything is sent.
        is_silent: nothing is answered at all, for ever.
        first: raw events sent before the answer, as a service with new ideas would.
        fault: happens after ``fault_after_seconds`` of the audio.
    """

    heard: str = "hello there"
    tools: tuple[ToolCall, ...] = ()
    say: Words = ("You said hello.",)
    seconds: float | None = 0.5
    hertz: float = 440.0
    pause_seconds: float = 0.0
    wait_seconds: float = 0.0
    is_silent: bool = False
    first: tuple[Mapping[str, Any], ...] = ()
    fault: Fault | None = None
    fault_after_seconds: float = 0.0


type TurnScript = Turn | Callable[[UserTurn], Turn]


@dataclass(frozen=True, kw_only=True)
class Session:
    """How one connection goes; the last of ``turns`` answers all further ones.

    Attributes:
        headers: when the response's headers are sent.
        is_reading: False never opens the flow-control window again.
        ends_with: what happens after ``ends_after_seconds`` of the clock, or
            ``ends_after_audio_seconds`` of audio heard, whichever is given.
        repeats_typed_text: whether typed text is sent back as a transcript of the user.
    """

    turns: tuple[TurnScript, ...] = (Turn(),)
    headers: Literal["at once", "first event", "never"] = "at once"
    is_reading: bool = True
    end_silence_seconds: float = 0.6
    max_speech_seconds: float | None = None
    ends_with: Fault = MODEL_TIMEOUT
    ends_after_seconds: float | None = None
    ends_after_audio_seconds: float | None = None
    repeats_typed_text: bool = False


type SonicScript = Session | Refusal

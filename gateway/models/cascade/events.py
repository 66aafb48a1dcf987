"""Events of our own that ``BidiAgent`` passes on as they are: strands has none for user speech."""

from strands.bidi.types.events import BidiBargeInEvent
from strands.types.events import TypedEvent


class CascadeSpeechStartEvent(TypedEvent):
    """The user began to speak, or something that sounds like it."""

    def __init__(self) -> None:
        super().__init__({"type": "cascade_speech_start"})


class CascadeSpeechStopEvent(TypedEvent):
    """The user fell silent ``silence_seconds`` ago; an answer follows if words were heard."""

    def __init__(self, silence_seconds: float) -> None:
        super().__init__({"type": "cascade_speech_stop", "silence_seconds": silence_seconds})


class CascadeBargeInEvent(BidiBargeInEvent):
    """A barge-in that tells what was heard of the answer: its spoken words by our own clock."""

    def __init__(self, heard: str) -> None:
        super().__init__()
        self["heard"] = heard

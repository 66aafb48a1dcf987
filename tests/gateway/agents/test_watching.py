"""Which events the telemetry counts."""

from typing import Any

from gateway.agents.watching import watch_conversation, watch_turn
from observability.conversations import ConversationObservation
from observability.turns import TurnObservation
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    SpeechStopped,
    TextDelta,
    ToolRequested,
    Transcript,
    UsageReported,
)


class Turn(TurnObservation):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def first_token(self) -> None:
        self.seen.append("token")

    def first_audio(self) -> None:
        self.seen.append("audio")

    def usage(self, **tokens: Any) -> None:
        self.seen.append(tokens)


class Conversation(ConversationObservation):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def user_stopped(self, silence_seconds: float = 0.0) -> None:
        self.seen.append(silence_seconds)

    def barge_in(self) -> None:
        self.seen.append("barge-in")


def test_a_turn_counts_words_audio_and_tokens_of_the_assistant() -> None:
    turn = Turn()
    for event in (
        TextDelta("m", "a"),
        Transcript("m", "assistant", "a"),
        Transcript("u", "user", "a"),
        AudioDelta("m", b""),
        UsageReported(1, 2, 3, 0, None),
        ToolRequested("c"),
    ):
        watch_turn(turn, event)
    assert turn.seen == [
        "token",
        "token",
        "audio",
        {
            "input_tokens": 1,
            "output_tokens": 2,
            "cache_read_tokens": 0,
            "cache_write_tokens": None,
        },
    ]


def test_a_conversation_counts_what_happens_between_its_turns() -> None:
    conversation = Conversation()
    for event in (SpeechStopped(0.5), BargeIn(), TextDelta("m", "a")):
        watch_conversation(conversation, event)
    assert conversation.seen == [0.5, "barge-in"]

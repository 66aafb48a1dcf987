"""Which events the telemetry counts, and where."""

from observability.conversations import ConversationObservation
from observability.turns import TurnObservation
from protocols.contract import events


def watch_turn(turn: TurnObservation, event: events.Event) -> None:
    """Tell a turn's observation what happened in it."""
    match event:
        case events.TextDelta() | events.Transcript(role="assistant"):
            turn.first_token()
        case events.AudioDelta():
            turn.first_audio()
        case events.UsageReported():
            turn.usage(
                input_tokens=event.input_tokens,
                output_tokens=event.output_tokens,
                cache_read_tokens=event.cache_read_tokens,
                cache_write_tokens=event.cache_write_tokens,
            )
        case _:
            pass


def watch_conversation(conversation: ConversationObservation, event: events.Event) -> None:
    """Tell a conversation's observation what may happen between its turns."""
    match event:
        case events.SpeechStopped():
            conversation.user_stopped(event.silence_seconds)
        case events.BargeIn():
            conversation.barge_in()
        case _:
            pass

"""How good the connection of a call was, told once, at its end. Nothing when off."""

from dataclasses import dataclass

from observability import catalog
from observability.recording import recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuality:
    """One connection of a call; None is not known. Up is from the client to us.

    Shares are of 1; ``receive_path`` and ``ice_path`` are values of their dimensions.
    """

    receive_path: str
    ice_path: str
    underruns: int = 0
    made_up_seconds: float = 0.0
    loss_up: float | None = None
    loss_down: float | None = None
    jitter_up_seconds: float | None = None
    jitter_down_seconds: float | None = None
    round_trip_seconds: float | None = None


def call_carried(quality: CallQuality) -> None:
    """A connected call is over, or went over to another connection."""
    to = recorder()
    if to is None:
        return
    to.add(catalog.CALLS, 1, quality.receive_path)
    to.add(catalog.UNDERRUNS, quality.underruns)
    to.add(catalog.MADE_UP_SPEECH, quality.made_up_seconds)
    for direction, loss in (("up", quality.loss_up), ("down", quality.loss_down)):
        if loss is not None:
            to.record(catalog.PACKET_LOSS, loss * 100, direction)
    jitters = (("up", quality.jitter_up_seconds), ("down", quality.jitter_down_seconds))
    for direction, jitter in jitters:
        if jitter is not None:
            to.record(catalog.JITTER, jitter, direction)
    if quality.round_trip_seconds is not None:
        to.record(catalog.ROUND_TRIP, quality.round_trip_seconds, quality.ice_path)

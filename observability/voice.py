"""Measures what listeners and speakers notice of a voice, whatever the wire. Nothing when off."""

from observability import catalog
from observability.recording import recorder


def barge_in_silenced(seconds: float) -> None:
    """The voice that a user spoke over was silent so long after that was noticed."""
    to = recorder()
    if to is not None:
        to.record(catalog.BARGE_IN_TO_SILENCE, seconds)


def speech_dropped(seconds: float) -> None:
    """So much of what a user said was dropped, because the model could not take it in time."""
    to = recorder()
    if to is not None:
        to.add(catalog.SPEECH_DROPPED, seconds)

"""A voice for any text model: endpointing → recogniser → text model → synthesizer."""

from gateway.models.cascade.events import CascadeSpeechStartEvent, CascadeSpeechStopEvent
from gateway.models.cascade.model import CascadeModel

__all__ = ["CascadeModel", "CascadeSpeechStartEvent", "CascadeSpeechStopEvent"]

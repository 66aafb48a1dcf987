"""A sample's writer behind the native dialogue: what its client is told of events."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from protocols.contract.events import Event
from protocols.live.dialogue import Dialogue, Output, Play, Say
from protocols.websocket.dialects.vocabulary import Writer


class Told:
    """Collects what is written."""

    def __init__(self, writer: Writer) -> None:
        identifiers = count(1)
        self.writer = writer
        self.dialogue = Dialogue("s", new_id=lambda: f"n{next(identifiers)}")
        self._told: list[Any] = []

    def open(self) -> None:
        """Open the session as a wire does."""
        self.outputs(
            self.dialogue.opened(
                model="scripted", input_sample_rate=16000, output_sample_rate=24000
            )
        )

    def events(self, *events: Event) -> None:
        """Let the conversation say these."""
        for event in events:
            self.outputs(self.dialogue.translate(event, 0.0))

    def outputs(self, outputs: Sequence[Output]) -> None:
        """Write what the dialogue says."""
        for output in outputs:
            if isinstance(output, Say):
                self._told += self.writer.say(output.document)
            elif isinstance(output, Play):
                self._told += self.writer.play(output.pcm)

    def take(self) -> list[Any]:
        """What was told since; every message is one that JSON can carry."""
        told, self._told = self._told, []
        assert json.loads(json.dumps(told)) == told
        return told

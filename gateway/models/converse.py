"""Bedrock's ConverseStream as strands speaks it, with answers that can be left at any moment.

strands 1.62 reads an answer in a thread of the loop's pool, looks for cancelling only when a chunk
comes, and leaves the connection of an answer that failed open. Here the thread is the answer's own,
and leaving closes the connection at once: urllib3 lets another thread shut a response down.
"""

import threading
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, override

from strands.models import BedrockModel
from strands.types.content import Messages, SystemContentBlock
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec
from urllib3.response import BaseHTTPResponse

from gateway.models.threads import HandOn, from_thread

_PARSED = "before-parse.bedrock-runtime.ConverseStream"

# The response of the answer that this thread reads; botocore tells of it in the same thread.
_here = threading.local()


class ConverseModel(BedrockModel):
    """A ``BedrockModel`` whose answers close their connection, however they end."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client.meta.events.register(_PARSED, _response_begun)

    @override
    def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        system_prompt_content: list[SystemContentBlock] | None = None,
        **options: Any,
    ) -> AsyncGenerator[StreamEvent]:
        """Ask the model; see ``BedrockModel.stream``.

        The signal for cancelling is not looked at: closing the generator is enough.
        """
        if system_prompt and system_prompt_content is None:
            system_prompt_content = [{"text": system_prompt}]
        answer = _Answer()

        def ask(hand_on: HandOn) -> None:
            _here.answer = answer
            try:
                self._stream(
                    hand_on,
                    messages,
                    tool_specs,
                    system_prompt_content,
                    options.get("tool_choice"),
                    options.get("dynamic_trailing_blocks", 0),
                    answer.left,
                    options.get("structured_output_model"),
                )
            finally:
                answer.close()

        return from_thread(ask, answer.leave)


class _Answer:
    """One answer and the HTTP response that it is read from."""

    def __init__(self) -> None:
        self.left = threading.Event()
        self._response: BaseHTTPResponse | None = None
        self._lock = threading.Lock()

    def begun(self, response: BaseHTTPResponse) -> None:
        """The headers have come; in the thread that reads."""
        with self._lock:
            self._response = response
        if self.left.is_set():
            self.leave()

    def leave(self) -> None:
        """End the reading from outside of its thread; does not block."""
        self.left.set()
        with self._lock:
            if self._response is not None:
                # It may have been read to its end this moment.
                with suppress(ValueError, RuntimeError, OSError):
                    self._response.shutdown()

    def close(self) -> None:
        """Close the connection, unless the answer was read to its end; in the thread that reads."""
        with self._lock:
            if self._response is not None:
                self._response.close()
                self._response = None


def _response_begun(response_dict: Any, **_: Any) -> None:
    answer = getattr(_here, "answer", None)
    if isinstance(answer, _Answer) and response_dict["status_code"] < 300:
        answer.begun(response_dict["body"])

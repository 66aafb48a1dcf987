"""The conversation as the text model is shown it.

Kept apart from the agent's list of messages: that one records a placeholder for each running tool
and the whole of an answer that was cut off. Roles alternate, tool results follow their calls, and
an answer that was cut off holds what was heard of it.
"""

from collections.abc import Iterable, Sequence

from strands.types.content import ContentBlock, Message, Messages

INTERRUPTED = "[interrupted]"

# Enough for an hour's call; the oldest go first.
MOST_MESSAGES = 200

# Written by strands for a transcript that never came.
_NO_TRANSCRIPT = "[Transcript unavailable.]"


class History:
    """What was said, in the order of speaking.

    Args:
        earlier: The conversation so far. Its words are kept; tool calls are left out, since the
            answers tell their results.
    """

    def __init__(self, earlier: Iterable[Message] = ()) -> None:
        self._messages: Messages = []
        for message in earlier:
            if text := _words(message["content"]):
                self._append({"role": message["role"], "content": [{"text": text}]})

    def shown(self) -> Messages:
        """Give the messages for the next call of the text model."""
        kept = self._messages[-MOST_MESSAGES:]
        start = next((i for i, message in enumerate(kept) if _opens(message)), len(kept))
        return kept[start:]

    def user(self, text: str) -> None:
        """Note what the user said."""
        self._append({"role": "user", "content": [{"text": text}]})

    def assistant(self, content: Sequence[ContentBlock]) -> Message:
        """Note an answer; the message returned is the handle to shorten it by."""
        message: Message = {"role": "assistant", "content": list(content)}
        self._messages.append(message)
        return message

    def tool_exchange(self, calls: Message, results: Sequence[ContentBlock]) -> None:
        """Note tool calls together with their results."""
        self._messages.append(calls)
        self._messages.append({"role": "user", "content": list(results)})

    def _append(self, message: Message) -> None:
        if self._messages and self._messages[-1]["role"] == message["role"]:
            self._messages[-1]["content"].extend(message["content"])
        else:
            self._messages.append(message)


def shorten(message: Message, heard: str) -> None:
    """Replace the words of an answer by what was heard of it; its tool calls stay."""
    others = [block for block in message["content"] if "text" not in block]
    thoughts = [block for block in others if "reasoningContent" in block]
    calls = [block for block in others if "reasoningContent" not in block]
    message["content"] = [*thoughts, {"text": heard}, *calls]


def _opens(message: Message) -> bool:
    return message["role"] == "user" and not any("toolResult" in b for b in message["content"])


def _words(content: Iterable[ContentBlock]) -> str:
    texts = (block["text"].strip() for block in content if "text" in block)
    return "\n".join(text for text in texts if text and text != _NO_TRANSCRIPT)

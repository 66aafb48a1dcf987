"""A conversation in the message form of strands, read into what the offline model needs.

Work is bounded whatever the size of the history: the newest messages are read, and of each text
only its beginning and end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from strands.types.content import ContentBlock, Message, Messages
from strands.types.tools import ToolResult

from gateway.models.offline.language import excerpt

MAXIMUM_MESSAGES = 200

_MEDIA = ("image", "document", "video", "audio")


class Outcome(NamedTuple):
    """What a tool answered to a call; ``texts`` and ``values`` are the parts of the answer."""

    tool: str
    arguments: Mapping[str, Any]
    texts: tuple[str, ...]
    values: tuple[Any, ...]
    media: tuple[str, ...]
    failed: bool


class Conversation(NamedTuple):
    """What was said, oldest first, and what the last message asks for.

    ``request`` is the text of the last message of the user, ``media`` what it shows and
    ``outcomes`` the answers of tools it brings; ``background`` is the system prompt.
    """

    request: str
    media: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    earlier_requests: tuple[str, ...]
    last_answer: str
    background: str
    call_ids: tuple[str, ...]


def read_conversation(messages: Messages, background: str | None) -> Conversation:
    """Read the newest messages of a conversation."""
    recent = messages[-MAXIMUM_MESSAGES:]
    last = recent[-1]["content"] if recent and recent[-1]["role"] == "user" else []
    return Conversation(
        request=_text_of(last),
        media=tuple(_media_of(last)),
        outcomes=tuple(_outcomes(last, recent)),
        earlier_requests=tuple(_said_by("user", recent[:-1] if last else recent)),
        last_answer=next(_said_by("assistant", reversed(recent)), ""),
        background=excerpt(background or ""),
        call_ids=tuple(
            block["toolUse"]["toolUseId"]
            for message in recent
            for block in message["content"]
            if "toolUse" in block
        ),
    )


def _said_by(role: str, messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        if message["role"] == role and (text := _text_of(message["content"])):
            yield text


def _text_of(content: Sequence[ContentBlock]) -> str:
    return excerpt("\n".join(block["text"] for block in content if block.get("text"))).strip()


def _media_of(content: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return dict.fromkeys(kind for block in content for kind in _MEDIA if kind in block)


def _outcomes(content: Sequence[ContentBlock], messages: Sequence[Message]) -> Iterable[Outcome]:
    results = [block["toolResult"] for block in content if "toolResult" in block]
    calls = {
        block["toolUse"]["toolUseId"]: block["toolUse"]
        for message in (messages if results else ())
        for block in message["content"]
        if "toolUse" in block
    }
    for result in results:
        call = calls.get(result["toolUseId"])
        arguments = call["input"] if call and isinstance(call["input"], dict) else {}
        yield _outcome(call["name"] if call else "tool", arguments, result)


def _outcome(tool: str, arguments: Mapping[str, Any], result: ToolResult) -> Outcome:
    content = result["content"]
    return Outcome(
        tool=tool,
        arguments=arguments,
        texts=tuple(excerpt(part["text"]).strip() for part in content if part.get("text")),
        values=tuple(part["json"] for part in content if "json" in part),
        media=tuple(_media_of(content)),
        failed=result["status"] == "error",
    )

"""Opens what a turn has attached, between reading it and beginning it.

A run waits for its addresses together, newest message first, and for no longer than one of them may
take. Whatever goes wrong with one becomes a text in its place.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from protocols.ag_ui.fetching import Budget, Fetched, Fetcher
from protocols.ag_ui.media import Link, Unopened, media, note
from protocols.ag_ui.options import MediaOptions
from protocols.contract.inputs import Content, Media, Message, Part, Text, ToolResult, UserTurn
from protocols.contract.media_types import MediaKind

_log = logging.getLogger(__name__)

_MOST_LINKS = 20  # a run, each counted once
_AT_ONCE = 4

type OpenAttachments = Callable[[UserTurn], Awaitable[UserTurn]]
"""Opens what a turn only points to; raises nothing."""

type _Opened = Mapping[Link, Content]


async def left_alone(said: UserTurn) -> UserTurn:
    """Open nothing: a link that is not opened is the words that name it."""
    return said


class Fetch(Protocol):
    """Opens one address; raises ``Unopened``."""

    async def __call__(self, link: str, kind: MediaKind, stated: str, budget: Budget) -> Fetched:
        """See ``Fetcher.fetch``."""
        ...


class Attachments:
    """Opens attachments within the limits of the settings.

    Args:
        options: the limits.
        fetch: opens one address.
    """

    def __init__(self, options: MediaOptions, fetch: Fetch | None = None) -> None:
        self._options = options
        self._fetch = fetch or Fetcher(max_bytes=options.max_media_bytes).fetch

    async def open(self, said: UserTurn) -> UserTurn:
        """Give a turn whose links are opened, and in which nothing is larger than it may be."""
        history = said.history or ()
        if not any(self._is_unsettled(part) for part in _attached(said.content, history)):
            return said
        opened = await self._opened(_newest_first(said.content, history))
        settled = msgspec.structs.replace(said, content=self._contents(said.content, opened))
        if said.history is None:
            return settled
        messages = tuple(self._message(message, opened) for message in history)
        return msgspec.structs.replace(settled, history=messages)

    def _is_unsettled(self, content: Content) -> bool:
        return isinstance(content, Link) or self._is_too_large(content)

    def _is_too_large(self, content: Content) -> bool:
        return isinstance(content, Media) and len(content.data) > self._options.max_media_bytes

    async def _opened(self, links: Sequence[Link]) -> _Opened:
        """Open all links; those that are too many are only named."""
        if not self._options.fetch_urls:
            return {link: note(link.kind, "off") for link in links}
        deadline = asyncio.get_running_loop().time() + self._options.fetch_seconds
        budget = Budget(self._options.max_fetched_bytes, deadline)
        turns = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            opening = {
                link: group.create_task(self._one(link, budget, turns))
                for link in links[:_MOST_LINKS]
            }
        many = {link: note(link.kind, "many") for link in links[_MOST_LINKS:]}
        return many | {link: task.result() for link, task in opening.items()}

    async def _one(self, link: Link, budget: Budget, turns: asyncio.Semaphore) -> Content:
        try:
            async with turns:
                fetched = await self._fetch(link.url, link.kind, link.mime_type, budget)
            return media(link.kind, fetched.mime_type, fetched.data, link.name)
        except Unopened as error:
            _log.info("an attached %s was not opened: %s", link.kind, error.fault)
            return note(link.kind, error.fault)
        except Exception as error:  # noqa: BLE001 - what a foreign server provokes fails no run
            _log.warning("opening an attachment failed: %s", type(error).__name__, exc_info=error)
            return note(link.kind, "unreachable")

    def _message(self, message: Message, opened: _Opened) -> Message:
        parts = tuple(self._part(part, opened) for part in message.content)
        return msgspec.structs.replace(message, content=parts)

    def _part(self, part: Part, opened: _Opened) -> Part:
        match part:
            case ToolResult():
                content = self._contents(part.content, opened)
                return msgspec.structs.replace(part, content=content)
            case Text() | Media():
                return self._content(part, opened)
            case _:
                return part

    def _contents(self, contents: Iterable[Content], opened: _Opened) -> tuple[Content, ...]:
        return tuple(self._content(content, opened) for content in contents)

    def _content(self, content: Content, opened: _Opened) -> Content:
        if isinstance(content, Link):
            return opened[content]
        if isinstance(content, Media) and self._is_too_large(content):
            return note(content.kind, "size")
        return content


def _attached(question: Iterable[Content], history: Iterable[Message]) -> Iterator[Content]:
    """Yield all that was attached or said, the question last."""
    for message in history:
        for part in message.content:
            if isinstance(part, ToolResult):
                yield from part.content
            elif isinstance(part, Text | Media):
                yield part
    yield from question


def _newest_first(question: Iterable[Content], history: Iterable[Message]) -> list[Link]:
    """List the links, each once; what was said last may not go without for the sake of the rest."""
    links = [part for part in _attached(question, history) if isinstance(part, Link)]
    return list(dict.fromkeys(reversed(links)))

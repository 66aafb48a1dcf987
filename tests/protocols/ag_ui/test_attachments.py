"""Attachments are opened between reading a turn and beginning it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from protocols.ag_ui.attachments import Attachments, OpenAttachments, left_alone
from protocols.ag_ui.fetching import Budget, Fetched
from protocols.ag_ui.media import Link, Unopened, note
from protocols.ag_ui.options import MediaOptions
from protocols.contract.inputs import (
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    UserTurn,
)
from protocols.contract.media_types import MediaKind
from tests.fakes import FakeConversations
from tests.protocols.doors import Setting as DoorSetting
from tests.protocols.doors import events_of, kinds, knocking
from tests.protocols.websocket.serving import Setting as SocketSetting
from tests.protocols.websocket.serving import serving, tell, told_until

PNG = b"\x89PNG rest"
WAIT_SECONDS = 5


class Internet:
    """Gives a PNG for every address but those it has a fault for."""

    def __init__(self, **faults: Exception) -> None:
        self.faults = faults
        self.asked: list[tuple[str, MediaKind, str]] = []
        self.budgets: list[Budget] = []
        self.at_once = 0
        self.most_at_once = 0

    async def fetch(self, link: str, kind: MediaKind, stated: str, budget: Budget) -> Fetched:
        self.asked.append((link, kind, stated))
        self.budgets.append(budget)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if link in self.faults:
            raise self.faults[link]
        return Fetched("image/png", PNG)


def link(url: str, kind: MediaKind = "image", stated: str = "") -> Link:
    return Link("[not opened]", kind, url, stated, f"{url}.png")


def png(url: str) -> Media:
    return Media("image", "image/png", PNG, f"{url}.png")


async def opened(
    internet: Internet, said: UserTurn, options: MediaOptions | None = None
) -> UserTurn:
    async with asyncio.timeout(WAIT_SECONDS):
        return await Attachments(options or MediaOptions(), internet.fetch).open(said)


async def test_links_become_media_wherever_they_stand() -> None:
    call = ToolCall("c", "camera", "{}")
    said = UserTurn(
        content=(Text("see"), link("a")),
        history=(
            Message("1", "user", (link("b"), Text("and"))),
            Message("2", "assistant", (Reasoning("hm"), call)),
            Message("3", "user", (ToolResult("c", (link("c"), Text("shot"))),)),
        ),
        instructions=("be kind",),
    )
    assert await opened(Internet(), said) == UserTurn(
        content=(Text("see"), png("a")),
        history=(
            Message("1", "user", (png("b"), Text("and"))),
            Message("2", "assistant", (Reasoning("hm"), call)),
            Message("3", "user", (ToolResult("c", (png("c"), Text("shot"))),)),
        ),
        instructions=("be kind",),
    )


async def test_a_session_that_remembers_is_left_to_remember() -> None:
    assert await opened(Internet(), UserTurn(content=(link("a"),))) == UserTurn(content=(png("a"),))


async def test_a_turn_without_links_is_the_same_turn() -> None:
    said = UserTurn(
        content=(Text("a"), Media("image", "image/png", PNG)),
        history=(Message("1", "assistant", (ToolCall("c", "t", "{}"),)),),
    )
    assert await opened(Internet(), said) is said


async def test_a_link_that_cannot_be_opened_is_named_and_the_others_are_opened() -> None:
    internet = Internet(a=Unopened("private"), b=RuntimeError("secret"))
    said = UserTurn(content=(link("a"), link("b", "video"), link("c"), link("d", "audio")))
    assert await opened(internet, said) == UserTurn(
        content=(
            note("image", "private"),
            note("video", "unreachable"),
            png("c"),
            note("audio", "type"),
        )
    )


async def test_nothing_of_an_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = "https://site.example/?token=secret"
    await opened(Internet(**{url: Unopened("private")}), UserTurn(content=(link(url),)))
    assert caplog.messages == ["an attached image was not opened: private"]


async def test_every_address_is_opened_once_the_newest_first() -> None:
    internet = Internet()
    said = UserTurn(
        content=(link("a"), link("d", stated="image/png")),
        history=(Message("1", "user", (link("a"), link("b"), link("c"))),),
    )
    await opened(internet, said)
    assert internet.asked == [
        ("d", "image", "image/png"),
        ("a", "image", ""),
        ("c", "image", ""),
        ("b", "image", ""),
    ]


async def test_no_more_than_twenty_addresses_of_a_run_are_opened_four_at_once() -> None:
    internet = Internet()
    said = UserTurn(content=tuple(link(str(number)) for number in range(25)))
    content = (await opened(internet, said)).content
    assert content[:5] == (note("image", "many"),) * 5
    assert content[5:] == tuple(png(str(number)) for number in range(5, 25))
    assert internet.most_at_once == 4


async def test_the_addresses_of_a_run_share_bytes_and_time() -> None:
    internet = Internet()
    options = MediaOptions(max_fetched_bytes=7, fetch_seconds=3)
    before = asyncio.get_running_loop().time()
    await opened(internet, UserTurn(content=(link("a"), link("b"))), options)
    budget, other = internet.budgets
    assert budget is other
    assert before + 3 <= budget.deadline <= asyncio.get_running_loop().time() + 3
    budget.spend(7)
    with pytest.raises(Unopened):
        budget.spend(1)


async def test_no_address_is_opened_where_the_setting_says_so() -> None:
    internet = Internet()
    said = UserTurn(content=(link("a"),))
    settled = await opened(internet, said, MediaOptions(fetch_urls=False))
    assert settled == UserTurn(content=(note("image", "off"),))
    assert internet.asked == []


async def test_media_that_are_too_large_are_named() -> None:
    options = MediaOptions(max_media_bytes=len(PNG) - 1)
    said = UserTurn(content=(png("a"), Media("document", "text/plain", b"t")))
    assert await opened(Internet(), said, options) == UserTurn(
        content=(note("image", "size"), Media("document", "text/plain", b"t"))
    )


async def test_a_turn_that_is_left_alone_names_what_it_points_to() -> None:
    said = UserTurn(content=(link("a"),))
    assert await left_alone(said) is said


async def test_the_true_fetcher_is_used_if_no_other_is_given() -> None:
    said = UserTurn(content=(link("http://127.0.0.1/a.png"), link("ftp://site.example/")))
    async with asyncio.timeout(WAIT_SECONDS):
        settled = await Attachments(MediaOptions()).open(said)
    assert settled.content == (note("image", "private"), note("image", "address"))


# The same on every wire

POINTING = [
    {"type": "text", "text": "see"},
    {"type": "image", "source": {"type": "url", "value": "a"}, "metadata": {"name": "a.png"}},
    {"type": "video", "source": {"type": "url", "value": "b"}},
]
RUN = {
    "threadId": "t",
    "runId": "r",
    "messages": [{"id": "u", "role": "user", "content": POINTING}],
}


async def by_ag_ui(open_attachments: OpenAttachments) -> UserTurn:
    conversations = FakeConversations()
    async with knocking(conversations, DoorSetting(open_attachments=open_attachments)) as client:
        assert kinds(events_of(await client.post(RUN)))[-1] == "RUN_FINISHED"
    return conversations.begun[0][1]


async def by_prompt(open_attachments: OpenAttachments) -> UserTurn:
    conversations = FakeConversations()
    async with knocking(conversations, DoorSetting(open_attachments=open_attachments)) as client:
        assert (await client.post({"prompt": POINTING})).status_code == 200
    return conversations.begun[0][1]


async def by_websocket(open_attachments: OpenAttachments) -> UserTurn:
    setting = SocketSetting(open_attachments=open_attachments)
    async with serving(setting=setting) as site, site.connect() as client:
        await tell(client, RUN)
        await told_until(client, "RUN_FINISHED")
    said = site.conversations.begun[0][1]
    assert isinstance(said, UserTurn)
    return said


@pytest.mark.parametrize("ask", [by_ag_ui, by_prompt, by_websocket])
async def test_what_is_attached_is_opened_before_the_turn_begins(
    ask: Callable[[OpenAttachments], Awaitable[UserTurn]],
) -> None:
    internet = Internet(b=Unopened("private"))
    said = await ask(Attachments(MediaOptions(), internet.fetch).open)
    assert said.content == (Text("see"), png("a"), note("video", "private"))

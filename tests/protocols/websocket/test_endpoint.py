"""Who may connect, what the first message does, and how every connection ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar.connection import ASGIConnection
from websockets.exceptions import InvalidStatus

from protocols.contract.errors import NotAuthorized, SessionBusy, TooManySessions, Unavailable
from protocols.contract.events import Event, TextDelta, TurnEnded, TurnStarted
from protocols.websocket.options import WebSocketOptions
from tests.protocols.scripted import ScriptedConversations
from tests.protocols.websocket.serving import (
    Setting,
    closed,
    serving,
    tell,
    told,
    told_until,
    until_freed,
)

HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
WRITTEN = {"type": "session.start", "audio": False}


def nobody(_: ASGIConnection) -> str:
    raise NotAuthorized("Say who you are.")


@pytest.mark.parametrize(
    ("setting", "query", "headers"),
    [
        (Setting(caller_of=nobody), "", {}),
        (Setting(), "", {"Origin": "https://evil.example"}),
        (Setting(), "?session_id=", {}),
        (Setting(), "", {HEADER: "x" * 257}),
    ],
)
async def test_who_may_not_connect_is_refused_before_the_upgrade(
    setting: Setting, query: str, headers: dict[str, str]
) -> None:
    async with serving(setting=setting) as site:
        with pytest.raises(InvalidStatus) as refused:
            async with site.connect(query, additional_headers=headers):
                pass
    assert refused.value.response.status_code == 403


async def test_pages_of_allowed_origins_may_connect() -> None:
    setting = Setting(origins=frozenset({"https://good.example"}))
    async with (
        serving(setting=setting) as site,
        site.connect(origin="https://good.example") as client,
    ):
        await tell(client, WRITTEN)
        assert (await told(client))["type"] == "gateway.session"


async def test_the_session_of_the_header_wins_and_is_echoed() -> None:
    async with (
        serving() as site,
        site.connect(f"?{HEADER}=query", additional_headers={HEADER: "header"}) as client,
    ):
        await tell(client, WRITTEN | {"sessionId": "member"})
        assert (await told(client))["sessionId"] == "header"
        assert client.response is not None
        assert client.response.headers[HEADER] == "header"


async def test_the_session_may_be_named_in_the_query() -> None:
    async with serving() as site, site.connect(f"?{HEADER}=query") as client:
        await tell(client, WRITTEN)
        assert (await told(client))["sessionId"] == "query"


async def test_the_bearer_sentinel_is_selected_and_the_token_never_echoed() -> None:
    offered = ["base64UrlBearerAuthorization.c2VjcmV0", "base64UrlBearerAuthorization"]
    async with serving() as site, site.connect(subprotocols=offered) as client:
        assert client.subprotocol == "base64UrlBearerAuthorization"
        assert client.response is not None
        assert "c2VjcmV0" not in str(client.response.headers)
        await tell(client, WRITTEN)
        assert (await told(client))["type"] == "gateway.session"


async def test_an_unknown_subprotocol_is_not_selected_and_does_not_hurt() -> None:
    async with serving() as site, site.connect(subprotocols=["chat"]) as client:
        assert client.subprotocol is None
        await tell(client, WRITTEN)
        assert (await told(client))["type"] == "gateway.session"


async def test_custom_headers_in_the_query_are_seen_as_headers() -> None:
    name = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant"

    def tenant(connection: ASGIConnection) -> str:
        return str(connection.headers[name])

    async with serving(setting=Setting(caller_of=tenant)) as site:
        async with site.connect(f"?{name}=acme") as client:
            await tell(client, {"prompt": "hi"})
            await told(client)
        assert [key.caller for key, _, _ in site.conversations.begun] == ["acme"]


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("no json", "VALIDATION_ERROR"),
        ('{"type":"hello"}', "VALIDATION_ERROR"),
        ("{}", "VALIDATION_ERROR"),
    ],
)
async def test_a_first_message_of_no_dialect_is_answered_and_closed(first: str, code: str) -> None:
    async with serving() as site, site.connect() as client:
        await client.send(first)
        messages, close_code, reason = await closed(client)
    assert [(m["type"], m["code"], m["seq"]) for m in messages] == [("gateway.error", code, 1)]
    assert (close_code, reason) == (1003, code)


async def test_the_subprotocol_names_the_dialect_and_forgives_the_first_message() -> None:
    async with serving() as site, site.connect(subprotocols=["gateway.v1"]) as client:
        assert client.subprotocol == "gateway.v1"
        await client.send("no json")
        assert (await told(client))["type"] == "gateway.error"
        await tell(client, WRITTEN)
        assert (await told(client))["type"] == "gateway.session"


async def test_a_silent_connection_is_closed() -> None:
    setting = Setting(options=WebSocketOptions(first_message_seconds=0.05))
    async with serving(setting=setting) as site, site.connect() as client:
        assert await closed(client) == ([], 1008, "TIMED_OUT")


async def test_a_message_above_the_limit_closes_with_1009() -> None:
    async with serving() as site:
        for size, text in ((65_537, "x"), (30_000, "€")):
            async with site.connect() as client:
                await client.send(text * size)
                messages, code, reason = await closed(client)
                assert (code, reason) == (1009, "PAYLOAD_TOO_LARGE")
                assert "GATEWAY_MAX_FRAME_BYTES" in messages[0]["error"]
        async with site.connect() as client:
            await tell(client, WRITTEN)
            await told_until(client, "gateway.state")
            await client.send(b"\0" * 65_537)
            messages, code, reason = await closed(client)
    assert (code, reason) == (1009, "PAYLOAD_TOO_LARGE")
    assert [m["type"] for m in messages] == ["gateway.error", "gateway.end"]


@pytest.mark.parametrize(
    ("refusal", "code", "reason"),
    [
        (SessionBusy("Busy. Wait."), 1008, "SESSION_BUSY"),
        (TooManySessions("Full. Try later."), 1008, "SERVICE_QUOTA_EXCEEDED"),
        (Unavailable("Stopping. Try another."), 1011, "UNAVAILABLE"),
        (RuntimeError("/secret/path"), 1011, "INTERNAL_ERROR"),
    ],
)
async def test_a_conversation_that_cannot_be_opened_is_told_and_closed(
    refusal: Exception, code: int, reason: str
) -> None:
    conversations = ScriptedConversations()
    conversations.refusal = refusal
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, {"type": "session.start"})
        messages, close_code, close_reason = await closed(client)
    assert (close_code, close_reason) == (code, reason)
    assert [m["type"] for m in messages] == ["gateway.error", "gateway.state", "gateway.end"]
    assert messages[0]["code"] == reason
    assert "secret" not in str(messages)


async def test_a_client_that_vanishes_frees_its_session_when_it_has_been_waited_for() -> None:
    setting = Setting(options=WebSocketOptions(resume_seconds=0.05))
    async with serving(setting=setting) as site:
        async with site.connect() as client:
            await tell(client, {"type": "session.start"})
            await told_until(client, "gateway.state")
            client.transport.abort()
        await until_freed(site.conversations)


async def test_a_client_that_takes_nothing_is_given_up_and_its_session_freed() -> None:
    conversations = ScriptedConversations()
    setting = Setting(options=WebSocketOptions(stalled_seconds=0.2, resume_seconds=0.01))
    async with serving(conversations, setting) as site, stalled(site.url) as reader:
        conversations.live.push(*flood())
        await until_freed(conversations)
        # What had been sent is still there, and behind it the reason.
        async with asyncio.timeout(5):
            received = b""
            while not received.endswith(b"\x88\x0b\x03\xf0TIMED_OUT"):
                received = received[-16:] + await reader.read(65_536)


@pytest.mark.parametrize(
    "messages",
    [
        [WRITTEN, {"type": "input.text", "text": "flood"}],
        [{"threadId": "t", "runId": "r", "messages": []}],
    ],
    ids=["written", "ag_ui"],
)
async def test_who_takes_nothing_of_a_turn_is_closed_with_1008(messages: list[Any]) -> None:
    conversations = ScriptedConversations(lambda _: [*flood(), TurnEnded()])
    setting = Setting(options=WebSocketOptions(stalled_seconds=0.2))
    async with serving(conversations, setting) as site, stalled(site.url, *messages) as reader:
        await until_freed(conversations)
        async with asyncio.timeout(5):
            received = b""
            while not received.endswith(b"\x88\x0b\x03\xf0TIMED_OUT"):
                read = await reader.read(65_536)
                assert read, "closed without a close frame"
                received = received[-16:] + read


async def test_two_connections_of_one_server_do_not_mix() -> None:
    async with serving() as site, site.connect() as one, site.connect() as two:
        await tell(one, WRITTEN, {"type": "input.text", "text": "one"})
        await tell(two, WRITTEN, {"type": "input.text", "text": "two"})
        answers = [await told_until(client, "RUN_FINISHED") for client in (one, two)]
    words = [[m["delta"] for m in answer if "delta" in m] for answer in answers]
    assert words == [["echo one"], ["echo two"]]


def flood() -> list[Event]:
    return [TurnStarted("t"), *[TextDelta("m", "😀" * 5000)] * 3000]


@asynccontextmanager
async def stalled(url: str, *messages: Any) -> AsyncIterator[asyncio.StreamReader]:
    """Upgrade, start a session, and never read again."""
    host, port = url.removeprefix("ws://").removesuffix("/ws").split(":")
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    narrow.connect((host, int(port)))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    async with asyncio.timeout(5):
        await reader.readuntil(b"\r\n\r\n")
    for message in messages or [{"type": "session.start"}]:
        text = json.dumps(message).encode()
        writer.write(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
    try:
        yield reader
    finally:
        writer.transport.abort()

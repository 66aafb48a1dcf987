"""The first door: who sends too slowly."""

import asyncio
import json

import pytest

from tests.fakes import FakeConversations
from tests.protocols.doors import WAIT_SECONDS, Setting, serving


@pytest.mark.parametrize("sent", [b"", b'{"prompt"'])
async def test_a_body_that_dribbles_is_given_up_and_the_connection_closed(
    sent: bytes,
) -> None:
    conversations = FakeConversations()
    async with serving(conversations, Setting(body_seconds=0.1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        writer.write(sent)
        async with asyncio.timeout(WAIT_SECONDS):
            answer = await reader.read()  # up to the end of the connection
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body) == {
        "error": "The body did not arrive within 0.1 seconds. Send it faster.",
        "code": "REQUEST_TIMEOUT",
        "retryable": True,
    }
    assert conversations.begun == []

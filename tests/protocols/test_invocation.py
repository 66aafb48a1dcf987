"""Who answers a request."""

from typing import Any

import pytest
from litestar import Response

from protocols.contract.conversations import Conversations, SessionKey
from protocols.contract.errors import InvalidInput
from protocols.contract.inputs import Json
from protocols.invocation import Invocation, choose


class Taking:
    """Accepts requests that hold its name."""

    def __init__(self, name: str, member: str) -> None:
        self.name = name
        self.member = member

    def accepts(self, invocation: Invocation) -> bool:
        return self.member in invocation.document

    async def respond(self, invocation: Invocation, conversations: Conversations) -> Response[Any]:
        raise NotImplementedError

    def refuse(self, error: Exception, session_id: str) -> Response[Any]:
        raise NotImplementedError


FIRST, SECOND = Taking("first", "a"), Taking("second", "b")


def invocation(document: Json) -> Invocation:
    return Invocation(
        content_type="",
        accept="",
        body=b"",
        document=document,
        session=SessionKey("c", "s"),
        session_given=False,
    )


@pytest.mark.parametrize(
    ("document", "chosen"), [({"a": 1}, FIRST), ({"b": 1}, SECOND), ({"a": 1, "b": 1}, FIRST)]
)
def test_the_first_that_accepts_gets_the_request(document: Json, chosen: Taking) -> None:
    assert choose(invocation(document), [FIRST, SECOND]) is chosen


def test_a_request_for_nobody_is_told_all_ways() -> None:
    with pytest.raises(InvalidInput) as refused:
        choose(invocation({}), [FIRST, SECOND])
    for way in ("prompt", "threadId", "runId", "messages", "action", "audio/wav"):
        assert way in refused.value.message

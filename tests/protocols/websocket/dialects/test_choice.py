"""The first message and what it chooses."""

import pytest

from protocols.contract.errors import InvalidInput, NotSupported
from protocols.websocket.dialects.choice import Dialect, choose

RUN = '{"threadId":"t","runId":"r","messages":[]}'


@pytest.mark.parametrize(
    ("first", "subprotocol", "dialect"),
    [
        (RUN, None, Dialect.AG_UI),
        (RUN, "base64UrlBearerAuthorization", Dialect.AG_UI),
        (b"\0\0", None, Dialect.NATIVE),
        ('{"type":"session.start"}', None, Dialect.NATIVE),
        ('{"type":"playback","playedMs":0}', None, Dialect.NATIVE),
        ("garbage", "gateway.v1", Dialect.NATIVE),
        ('{"prompt":"hi","message_type":"user_message"}', None, Dialect.PROMPT),
    ],
)
def test_the_first_message_chooses_the_dialect(
    first: str | bytes, subprotocol: str | None, dialect: Dialect
) -> None:
    assert choose(first, subprotocol) is dialect


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"config","voice":"tiffany"}',
        '{"type":"text_input","text":"hi"}',
        '{"type":"bidi_audio_input","audio":""}',
        '{"event":{"sessionStart":{}}}',
        '{"body":"{}"}',
    ],
)
def test_dialects_that_are_not_served_are_refused_by_name(first: str) -> None:
    with pytest.raises(NotSupported, match=r"Send session\.start"):
        choose(first, None)


@pytest.mark.parametrize(
    "first",
    ["", "{", "[]", "7", '"text"', "{}", '{"type":"hello"}', '{"type":7}', "[" * 5000, '"\\ud800"'],
)
def test_what_is_of_no_dialect_is_refused(first: str) -> None:
    with pytest.raises(InvalidInput):
        choose(first, None)

"""The first message and what it chooses."""

import pytest

from protocols.contract.errors import InvalidInput
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
        ('{"type":"user_message","prompt":"hi"}', None, Dialect.PROMPT),
        ('{"type":"config","voice":"tiffany"}', None, Dialect.STRANDS),
        ('{"type":"text_input","text":"hi"}', None, Dialect.STRANDS),
        ('{"type":"bidi_audio_input","audio":""}', None, Dialect.STRANDS),
        ('{"event":{"sessionStart":{}}}', None, Dialect.SONIC),
        ('{"body":"{}"}', "base64UrlBearerAuthorization", Dialect.SONIC),
    ],
)
def test_the_first_message_chooses_the_dialect(
    first: str | bytes, subprotocol: str | None, dialect: Dialect
) -> None:
    assert choose(first, subprotocol) is dialect


@pytest.mark.parametrize(
    "first",
    ["", "{", "[]", "7", '"text"', "{}", '{"type":"hello"}', '{"type":7}', "[" * 5000, '"\\ud800"'],
)
def test_what_is_of_no_dialect_is_refused(first: str) -> None:
    with pytest.raises(InvalidInput):
        choose(first, None)

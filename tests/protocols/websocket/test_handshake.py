"""Session ids and subprotocols."""

import pytest

from protocols.contract.errors import InvalidInput
from protocols.websocket.handshake import choose_subprotocol, custom_headers_of, session_id_of

NAME = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


@pytest.mark.parametrize(
    ("header", "query", "found"),
    [
        (None, [], None),
        ("h", [(NAME, "q")], "h"),
        (None, [("other", "x"), (NAME, "q")], "q"),
        (None, [(NAME.lower(), "q")], "q"),
        (None, [("session_id", "q"), (NAME, "later")], "q"),
    ],
)
def test_the_header_names_the_session_and_otherwise_the_query(
    header: str | None, query: list[tuple[str, str]], found: str | None
) -> None:
    assert session_id_of(header, query) == found


def test_a_name_outside_latin_1_comes_as_the_bytes_of_its_utf_8() -> None:
    assert session_id_of("会".encode().decode("latin-1"), []) == "会"
    assert session_id_of(None, [("session_id", "会")]) == "会"
    with pytest.raises(InvalidInput, match="UTF-8"):
        session_id_of("\xff", [])


@pytest.mark.parametrize("session_id", ["", "x" * 257, "a\nb"])
def test_what_cannot_be_a_session_id_is_refused(session_id: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 256 printable"):
        session_id_of(session_id, [])


CUSTOM = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ([(CUSTOM, "a b"), ("other", "x")], [(CUSTOM.lower().encode(), b"a b")]),
        ([(CUSTOM, "one"), (CUSTOM.upper(), "two")], [(CUSTOM.lower().encode(), b"one")]),
        ([(CUSTOM, "é")], [(CUSTOM.lower().encode(), "é".encode())]),
        ([(CUSTOM, "a\r\nHost: b")], []),
        ([(CUSTOM, "x" * 4097)], []),
        ([(CUSTOM + ":", "x"), ("Authorization", "Bearer x"), ("X-Amzn-Trace-Id", "x")], []),
    ],
)
def test_custom_headers_may_stand_in_the_query(
    query: list[tuple[str, str]], found: list[tuple[bytes, bytes]]
) -> None:
    assert custom_headers_of(query, ()) == found


def test_custom_headers_of_the_query_are_few_and_take_no_places() -> None:
    many = [(f"{CUSTOM}-{number}", "x") for number in range(40)]
    assert len(custom_headers_of(many, ())) == 20
    assert custom_headers_of([(CUSTOM, "query")], {CUSTOM.lower().encode()}) == []


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["unknown"], None),
        (["gateway.v1"], "gateway.v1"),
        (
            ["base64UrlBearerAuthorization.c2VjcmV0", "base64UrlBearerAuthorization"],
            "base64UrlBearerAuthorization",
        ),
        (["base64UrlBearerAuthorization.c2VjcmV0"], None),
        (["base64UrlBearerAuthorization", "gateway.v1"], "gateway.v1"),
    ],
)
def test_a_token_is_never_chosen(offered: list[str], chosen: str | None) -> None:
    assert choose_subprotocol(offered) == chosen

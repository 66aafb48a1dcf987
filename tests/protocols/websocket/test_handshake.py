"""Session ids and subprotocols."""

import pytest

from protocols.contract.errors import InvalidInput
from protocols.websocket.handshake import choose_subprotocol, session_id_of

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

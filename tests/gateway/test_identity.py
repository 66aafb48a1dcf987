"""Who may call."""

from typing import Any

import pytest
from litestar.connection import ASGIConnection
from litestar.testing import RequestFactory

from gateway.identity import EVERYBODY, Origins, caller_of, check, is_loopback
from gateway.settings import Settings, SettingsError


def connection(**headers: str) -> ASGIConnection[Any, Any, Any, Any]:
    return RequestFactory().post("/invocations", headers=headers)


@pytest.mark.parametrize("auth", ["none", "platform"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "gateway.example"])
def test_the_network_may_be_listened_to_with_a_word(host: str, auth: Any) -> None:
    check(Settings(host=host, auth=auth))
    with pytest.raises(SettingsError, match=r"^GATEWAY_AUTH: .*platform.*none"):
        check(Settings(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_needs_no_word(host: str) -> None:
    check(Settings(host=host))
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "localhost.example", "127.1", "", "::ffff:10.0.0.1"]
)
def test_what_may_be_reached_from_elsewhere_is_no_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_there_is_one_caller() -> None:
    assert caller_of(connection()) == caller_of(connection(origin="http://a")) == EVERYBODY


@pytest.mark.parametrize(
    ("allowed", "headers", "may"),
    [
        ((), {}, True),
        ((), {"host": "here:8080"}, True),
        ((), {"host": "here:8080", "origin": "http://here:8080"}, True),
        ((), {"host": "here", "origin": "https://here"}, True),
        ((), {"host": "here:8080", "origin": "http://here"}, False),
        ((), {"host": "here", "origin": "http://elsewhere"}, False),
        ((), {"host": "here", "origin": "http://here.elsewhere"}, False),
        ((), {"host": "here", "origin": "null"}, False),
        ((), {"host": "here", "origin": ""}, False),
        ((), {"host": "", "origin": "null"}, False),
        ((), {"host": "here", "origin": "http://[here"}, False),
        ((), {"host": "here", "origin": "here"}, False),
        (("http://page",), {"host": "here", "origin": "http://page"}, True),
        (("http://page",), {"host": "here", "origin": "https://page"}, False),
        (("http://page",), {"host": "here", "origin": "http://page.elsewhere"}, False),
        (("*",), {"host": "here", "origin": "http://anywhere"}, True),
        (("*",), {"host": "here", "origin": "null"}, True),
    ],
)
def test_a_page_may_call_its_own_server_and_where_it_is_allowed(
    allowed: tuple[str, ...], headers: dict[str, str], may: bool
) -> None:
    assert Origins(allowed).allows(connection(**headers)) is may


@pytest.mark.parametrize(
    ("place", "may"),
    [("127.0.0.1:8080", True), ("localhost:8080", True), ("evil.example:8080", False)],
)
def test_on_loopback_a_page_whose_name_only_points_here_is_not_ours(place: str, may: bool) -> None:
    page = connection(host=place, origin=f"http://{place}")
    assert Origins((), loopback_only=True).allows(page) is may

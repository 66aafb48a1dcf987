import httpx
import pytest

from gateway.cli.address import parse_address
from gateway.cli.client import described, http_options, reaching, refusal
from gateway.cli.failures import CommandFailed

HERE = parse_address("http://127.0.0.1:8080")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            httpx.ConnectError("x"),
            "cannot reach http://127.0.0.1:8080; is the gateway running? (`make run` starts it)",
        ),
        (
            httpx.ConnectTimeout("x"),
            "cannot reach http://127.0.0.1:8080; is the gateway running? (`make run` starts it)",
        ),
        (httpx.ReadTimeout("x"), "http://127.0.0.1:8080 did not answer in time; try again"),
        (
            httpx.RemoteProtocolError("cut"),
            "the connection to http://127.0.0.1:8080 failed: cut",
        ),
        (httpx.InvalidURL("bad"), "the connection to http://127.0.0.1:8080 failed: bad"),
    ],
)
def test_what_goes_wrong_on_the_way_is_one_line(error: Exception, text: str) -> None:
    with pytest.raises(CommandFailed) as failed, reaching(HERE):
        raise error
    assert str(failed.value) == text


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), reaching(HERE):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            b'{"error":"Busy.","code":"SESSION_BUSY","retryable":true}',
            "Busy. (SESSION_BUSY, HTTP 409)",
        ),
        (
            b'data: {"type":"RUN_ERROR","message":"Busy.\\u001b","code":"SESSION_BUSY"}\n\n',
            "Busy. (SESSION_BUSY, HTTP 409)",
        ),
        (b'data: {"type":"RUN_STARTED","threadId":"t","runId":"r"}', "no answer of a gateway"),
        (b"data: [", "no answer of a gateway"),
        (b"<html>", "this is no answer of a gateway (HTTP 409)"),
        (b"", "this is no answer of a gateway (HTTP 409)"),
    ],
)
def test_a_refusal_is_explained_in_one_line(body: bytes, text: str) -> None:
    assert text in str(refusal(409, body))


def test_an_error_without_code_has_no_brackets() -> None:
    assert str(described("a\nb")) == "a b"


def test_no_proxy_stands_before_this_machine() -> None:
    assert http_options(HERE)["trust_env"] is False
    assert http_options(parse_address("http://10.0.0.1"))["trust_env"] is True

import pytest

from gateway.cli.address import Address, parse_address
from gateway.cli.failures import WrongUsage


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8080", Address("http://127.0.0.1:8080", "127.0.0.1", 8080)),
        ("http://localhost:9/", Address("http://localhost:9", "localhost", 9)),
        ("http://[::1]:81", Address("http://[::1]:81", "::1", 81)),
        ("https://agent.example", Address("https://agent.example", "agent.example", 443)),
        ("http://a.example/x/", Address("http://a.example/x", "a.example", 80)),
        ("http://a.example/x/invocations", Address("http://a.example/x", "a.example", 80)),
    ],
)
def test_a_url_is_read(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (
            "arn:aws:bedrock-agentcore:us-east-1:1:runtime/x",
            "URL: arn:aws:bedrock-agentcore:us-east-1:1:runtime/x is a runtime ARN; "
            "give the URL of a gateway, such as http://127.0.0.1:8080",
        ),
        (
            "127.0.0.1:8080",
            "URL: 127.0.0.1:8080 is not an http or https URL, such as http://127.0.0.1:8080",
        ),
        ("http://", "URL: http:// is not an http or https URL, such as http://127.0.0.1:8080"),
        ("ws://x", "URL: ws://x is not an http or https URL, such as http://127.0.0.1:8080"),
        ("http://x:port", "URL: http://x:port has no valid host and port"),
        ("http://x:99999", "URL: http://x:99999 has no valid host and port"),
        ("http://[::1", "URL: http://[::1 has no valid host and port"),
        ("http://x?a=1", "URL: no user name, query or fragment belongs in the URL of a gateway"),
        ("http://u:p@x", "URL: no user name, query or fragment belongs in the URL of a gateway"),
    ],
)
def test_what_is_no_address_of_a_gateway_is_refused_in_one_line(url: str, complaint: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        parse_address(url)
    assert (str(refused.value), refused.value.exit_code) == (complaint, 2)


def test_the_doors_of_a_gateway_are_known() -> None:
    plain, secure = parse_address("http://127.0.0.2:1/x"), parse_address("https://a.example")
    assert (plain.invocations, plain.websocket) == (
        "http://127.0.0.2:1/x/invocations",
        "ws://127.0.0.2:1/x/ws",
    )
    assert secure.websocket == "wss://a.example/ws"


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [("http://127.0.0.2", True), ("http://localhost", True), ("http://10.0.0.1", False)],
)
def test_loopback_is_told_from_the_network(url: str, is_loopback: bool) -> None:
    assert parse_address(url).is_loopback is is_loopback

import msgspec
import pytest

from protocols.webrtc.options import IceServer, WebRtcOptions, parse_ice_server


@pytest.mark.parametrize(
    ("text", "server", "url"),
    [
        (
            "stun:stun.example.com",
            IceServer("stun", "stun.example.com", 3478),
            "stun:stun.example.com:3478",
        ),
        (
            "turn:ann:secret@192.0.2.1:3479?transport=tcp",
            IceServer("turn", "192.0.2.1", 3479, "tcp", "ann", "secret"),
            "turn:192.0.2.1:3479?transport=tcp",
        ),
        (
            "turn:1700000000%3Aann:p%40s%2Cs@turn.example.com",
            IceServer("turn", "turn.example.com", 3478, "udp", "1700000000:ann", "p@s,s"),
            "turn:turn.example.com:3478?transport=udp",
        ),
        (
            "turns:ann:secret@turn.example.com",
            IceServer("turns", "turn.example.com", 5349, "tcp", "ann", "secret"),
            "turns:turn.example.com:5349?transport=tcp",
        ),
    ],
)
def test_a_server_is_read_and_shown_without_its_credentials(
    text: str, server: IceServer, url: str
) -> None:
    assert parse_ice_server(text) == server
    assert server.url == url
    assert server.is_relay == (server.scheme != "stun")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kvs:my-channel", "kvs: servers are not built yet"),
        ("turn-rest:secret@turn.example.com", "turn-rest: servers are not built yet"),
        ("turn:turn.example.com", "turn: needs USER:PASSWORD@"),
        ("turns:turn.example.com:443", "turns: needs USER:PASSWORD@"),
        ("stun:ann:secret@stun.example.com", "no credentials"),
        ("stun:stun.example.com?transport=udp", "no transport"),
        ("turn:ann:secret@turn.example.com:70000", "between 1 and 65535"),
        ("turn:ann:secret@turn.example.com:0", "between 1 and 65535"),
        ("turn:ann:secret@[2001:db8::1]", "host name or an IPv4 address"),
        ("turn:ann:secret@turn.example.com?transport=sctp", "write stun:HOST:PORT"),
        ("https://example.com", "write stun:HOST:PORT"),
        ("", "write stun:HOST:PORT"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_without_its_secret(
    text: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=r"^GATEWAY_ICE_SERVERS: ") as caught:
        parse_ice_server(text)
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_wrong_server_stops_the_start() -> None:
    with pytest.raises(msgspec.ValidationError, match="GATEWAY_ICE_SERVERS: kvs"):
        msgspec.convert({"ice_servers": ["kvs:my-channel"]}, WebRtcOptions)


def test_the_servers_keep_their_order_and_their_secrets() -> None:
    options = WebRtcOptions(ice_servers=("stun:a", "turn:u:secret@b"))
    assert [server.host for server in options.servers()] == ["a", "b"]
    assert "secret" not in repr(options)


@pytest.mark.parametrize(
    ("setting", "listens_on_loopback", "allowed"),
    [
        (None, True, True),
        (None, False, False),
        (True, False, True),
        (False, True, False),
    ],
)
def test_loopback_follows_the_listener_unless_it_is_set(
    setting: bool | None, listens_on_loopback: bool, allowed: bool
) -> None:
    options = WebRtcOptions(loopback_candidates=setting)
    assert options.allows_loopback(listens_on_loopback) is allowed


def test_every_option_says_what_it_means() -> None:
    schema = msgspec.json.schema(WebRtcOptions)["$defs"]["WebRtcOptions"]["properties"]
    assert [name for name, field in schema.items() if not field.get("description")] == []

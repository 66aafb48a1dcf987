import msgspec
import pytest

from protocols.webrtc.options import (
    IceServer,
    KvsChannel,
    SharedSecret,
    WebRtcOptions,
    parse_ice_server,
    parse_ice_source,
    read_ice_url,
)


@pytest.mark.parametrize(
    ("text", "server", "url"),
    [
        (
            "stun:stun.example.com",
            IceServer("stun", "stun.example.com", 3478),
            "stun:stun.example.com:3478",
        ),
        (
            "turn:ann:hunter2@192.0.2.1:3479?transport=tcp",
            IceServer("turn", "192.0.2.1", 3479, "tcp", "ann", "hunter2"),
            "turn:192.0.2.1:3479?transport=tcp",
        ),
        (
            "turn:1700000000%3Aann:p%40s%2Cs@turn.example.com",
            IceServer("turn", "turn.example.com", 3478, "udp", "1700000000:ann", "p@s,s"),
            "turn:turn.example.com:3478?transport=udp",
        ),
        (
            "turns:ann:hunter2@turn.example.com",
            IceServer("turns", "turn.example.com", 5349, "tcp", "ann", "hunter2"),
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
        ("kvs:my channel", "write kvs:CHANNEL"),
        ("kvs:", "write kvs:CHANNEL"),
        ("turn-rest:turn.example.com", "write turn-rest:SECRET@HOST:PORT"),
        ("turn-rest:hunter2@turn.example.com?transport=sctp", "write turn-rest:SECRET@HOST"),
        ("turn-rest:hunter2@turn.example.com:0", "between 1 and 65535"),
        ("turn:turn.example.com", "turn: needs USER:PASSWORD@"),
        ("turns:turn.example.com:443", "turns: needs USER:PASSWORD@"),
        ("stun:ann:hunter2@stun.example.com", "no credentials"),
        ("stun:stun.example.com?transport=udp", "no transport"),
        ("turn:ann:hunter2@turn.example.com:70000", "between 1 and 65535"),
        ("turn:ann:hunter2@turn.example.com:0", "between 1 and 65535"),
        ("turn:ann:hunter2@[2001:db8::1]", "host name or an IPv4 address"),
        ("turn:ann:hunter2@turn.example.com?transport=sctp", "write stun:HOST:PORT"),
        ("https://example.com", "write stun:HOST:PORT"),
        ("", "write stun:HOST:PORT"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_without_its_secret(
    text: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=r"^GATEWAY_ICE_SERVERS: ") as caught:
        parse_ice_source(text)
    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_wrong_server_stops_the_start() -> None:
    with pytest.raises(msgspec.ValidationError, match="GATEWAY_ICE_SERVERS: write kvs"):
        msgspec.convert({"ice_servers": ["kvs:my channel"]}, WebRtcOptions)


def test_the_servers_keep_their_order_and_their_secrets() -> None:
    options = WebRtcOptions(ice_servers=("stun:a", "turn:u:hunter2@b"))
    assert options.sources() == (
        IceServer("stun", "a", 3478),
        IceServer("turn", "b", 3478, "udp", "u", "hunter2"),
    )
    assert "hunter2" not in repr(options)


@pytest.mark.parametrize(
    ("query", "urls"),
    [
        ("", ["turn:a.b:3479?transport=udp", "turn:a.b:3479?transport=tcp"]),
        ("?transport=udp", ["turn:a.b:3479?transport=udp"]),
        ("?transport=tcp", ["turn:a.b:3479?transport=tcp"]),
        ("?transport=tls", ["turns:a.b:3479?transport=tcp"]),
    ],
)
def test_servers_of_a_shared_secret_are_reached_as_was_said(query: str, urls: list[str]) -> None:
    source = parse_ice_source(f"turn-rest:s%40crets@a.b:3479{query}")
    assert isinstance(source, SharedSecret)
    assert source.secret == "s@crets"
    assert [server.url for server in source.servers] == urls
    assert {(server.username, server.credential) for server in source.servers} == {(None, None)}
    assert "s@crets" not in repr(source)


def test_a_channel_is_named() -> None:
    assert parse_ice_source("kvs:my-Channel_1.x") == KvsChannel("my-Channel_1.x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("stun:a.b", IceServer("stun", "a.b", 3478)),
        ("turn:a.b:443?transport=udp", IceServer("turn", "a.b", 443, "udp", "u", "p")),
        ("turn:a.b", IceServer("turn", "a.b", 3478, "udp", "u", "p")),
        ("turns:a.b:443?transport=udp", IceServer("turns", "a.b", 443, "udp", "u", "p")),
        ("turns:a.b", IceServer("turns", "a.b", 5349, "tcp", "u", "p")),
        ("turn:a.b:0", None),
        ("turn:[::1]:3478", None),
        ("https://a.b", None),
    ],
)
def test_urls_are_read_as_browsers_read_them(url: str, expected: IceServer | None) -> None:
    assert read_ice_url(url, "u", "p") == expected


def test_a_relay_that_is_reached_by_dtls_is_none_for_our_side() -> None:
    servers = [parse_ice_server(f"{each}:u:p@a.b?transport=udp") for each in ("turn", "turns")]
    assert [server.is_usable_relay for server in servers] == [True, False]


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


def test_ports_for_media_are_a_range_with_its_last() -> None:
    assert WebRtcOptions().ports() is None
    assert WebRtcOptions(media_ports="50000-50099").ports() == range(50_000, 50_100)


@pytest.mark.parametrize("ports", ["50099-50000", "80-90", "65000-65536"])
def test_ports_that_cannot_be_used_stop_the_start(ports: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="GATEWAY_MEDIA_PORTS: write"):
        msgspec.convert({"media_ports": ports}, WebRtcOptions)

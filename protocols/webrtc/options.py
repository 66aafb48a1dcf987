"""What can be set about WebRTC. Each field is a setting: ``GATEWAY_`` and the field's name."""

import re
from typing import Annotated
from urllib.parse import unquote

from msgspec import Meta, Struct

_ICE_SERVER = re.compile(
    r"(?P<scheme>stun|turn|turns):"
    r"(?:(?P<username>[^:@?]+):(?P<password>[^:@?]+)@)?"
    r"(?P<host>[A-Za-z0-9._-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
_KVS_CHANNEL = re.compile(r"kvs:(?P<name>[A-Za-z0-9_.-]{1,256})")
_SHARED_SECRET = re.compile(
    r"turn-rest:(?P<secret>[^@?]+)@"
    r"(?P<host>[A-Za-z0-9._-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp|tls))?"
)
_ICE_URL = re.compile(
    r"(?P<scheme>stun|turn|turns):(?P<host>[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
_DEFAULT_PORTS = {"stun": 3478, "turn": 3478, "turns": 5349}
_HIGHEST_PORT = 65_535
_LOWEST_PORT = 1024  # below, only root may listen


class IceServer(Struct, frozen=True):
    """A STUN or TURN server, as browsers are told of it (RFC 7064, RFC 7065)."""

    scheme: str
    host: str
    port: int
    transport: str | None = None
    username: str | None = None
    credential: str | None = None

    @property
    def is_relay(self) -> bool:
        """Tell whether media can go through it."""
        return self.scheme != "stun"

    @property
    def is_usable_relay(self) -> bool:
        """Tell whether our own side can go through it: it speaks no DTLS to a TURN server."""
        return self.is_relay and (self.scheme, self.transport) != ("turns", "udp")

    @property
    def url(self) -> str:
        """The URL without credentials."""
        query = f"?transport={self.transport}" if self.transport else ""
        return f"{self.scheme}:{self.host}:{self.port}{query}"


class KvsChannel(Struct, frozen=True):
    """A signaling channel of Kinesis Video Streams, whose TURN servers are used."""

    name: str


class SharedSecret(Struct, frozen=True):
    """TURN servers that take credentials made with a shared secret (coturn's ``use-auth-secret``).

    ``servers`` are told without credentials: these are made for each call.
    """

    secret: str
    servers: tuple[IceServer, ...]

    def __repr__(self) -> str:
        """Secrets stay out of logs."""
        return f"SharedSecret(…, {[server.url for server in self.servers]})"


type IceSource = IceServer | KvsChannel | SharedSecret


class WebRtcOptions(Struct, frozen=True, kw_only=True):
    """Settings of the WebRTC wire."""

    ice_servers: Annotated[
        tuple[str, ...],
        Meta(
            description="STUN and TURN servers, comma-separated: `stun:HOST:PORT`, "
            "`turn:USER:PASSWORD@HOST:PORT?transport=udp` (or `tcp`), `turns:USER:PASSWORD@…`, "
            "`kvs:CHANNEL` (the TURN servers of that Kinesis Video signaling channel, which is "
            "made if need be), `turn-rest:SECRET@HOST:PORT?transport=udp` (or `tcp`, `tls`; "
            "without: UDP and TCP; a coturn with that shared secret). User, password and secret "
            "percent-encoded. The gateway itself uses the first STUN server and the first TURN "
            "server that answers; clients are told of all"
        ),
    ] = ()
    turn_rest_seconds: Annotated[
        int,
        Meta(ge=30, le=86_400, description="how long credentials made for `turn-rest:` are valid"),
    ] = 600
    loopback_candidates: Annotated[
        bool | None,
        Meta(
            description="offer 127.0.0.1 to WebRTC clients and take it from them; not set: only "
            "if the gateway listens on loopback"
        ),
    ] = None
    media_ports: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{1,5}-[0-9]{1,5})?\Z",
            description="UDP ports for the media of WebRTC calls, `FIRST-LAST`, one a call and "
            "address; empty: any that the system gives",
        ),
    ] = ""
    max_peers: Annotated[int, Meta(ge=1, description="WebRTC calls at once")] = 20
    connect_seconds: Annotated[
        float, Meta(gt=0, description="a WebRTC call has to be connected within so long")
    ] = 15.0
    vanished_seconds: Annotated[
        float,
        Meta(gt=0, description="a WebRTC client that sent nothing for so long counts as gone"),
    ] = 8.0
    grace_seconds: Annotated[
        float,
        Meta(ge=0, description="how long a WebRTC call that lost its client may be gone on with"),
    ] = 30.0
    private_candidates: Annotated[
        bool,
        Meta(
            description="send media to private addresses (RFC 1918, 100.64.0.0/10, fc00::/7) that "
            "WebRTC clients name; `false` where clients come from outside only"
        ),
    ] = True
    max_channel_message_bytes: Annotated[
        int, Meta(ge=1024, le=262_144, description="largest message on the data channel")
    ] = 65_536

    def __post_init__(self) -> None:
        """Refuse servers that cannot be used at the start, not at the first call."""
        self.sources()
        self.ports()

    def __repr__(self) -> str:
        """Credentials stay out of logs."""
        return f"WebRtcOptions(max_peers={self.max_peers}, …)"

    def sources(self) -> tuple[IceSource, ...]:
        """Where ICE servers come from, in the order they were set."""
        return tuple(parse_ice_source(text) for text in self.ice_servers)

    def ports(self) -> range | None:
        """The ports for media; None: any."""
        if not self.media_ports:
            return None
        first, last = (int(text) for text in self.media_ports.split("-"))
        if not _LOWEST_PORT <= first <= last <= _HIGHEST_PORT:
            raise ValueError(
                f"GATEWAY_MEDIA_PORTS: write FIRST-LAST, from {_LOWEST_PORT} to {_HIGHEST_PORT}"
            )
        return range(first, last + 1)

    def allows_loopback(self, listens_on_loopback: bool) -> bool:
        """Tell whether 127.0.0.1 may carry media."""
        if self.loopback_candidates is None:
            return listens_on_loopback
        return self.loopback_candidates


def parse_ice_source(text: str) -> IceSource:
    """Read one item of the setting.

    Raises:
        ValueError: it cannot be used; the message says how to write it and holds no credentials.
    """
    if text.startswith("kvs:"):
        return _kvs_channel(text)
    if text.startswith("turn-rest:"):
        return _shared_secret(text)
    return parse_ice_server(text)


def parse_ice_server(text: str) -> IceServer:
    """Read one server with its credentials.

    Raises:
        ValueError: as ``parse_ice_source``.
    """
    match = _ICE_SERVER.fullmatch(text)
    if match is None:
        raise _fault(
            "write stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT, "
            "with a host name or an IPv4 address, and user and password percent-encoded"
        )
    parts = match.groupdict()
    scheme = parts["scheme"]
    port = _port(parts["port"], scheme)
    if scheme == "stun":
        if parts["username"] or parts["transport"]:
            raise _fault("stun: takes no credentials and no transport")
        return IceServer("stun", parts["host"], port)
    if not parts["username"]:
        raise _fault(f"{scheme}: needs USER:PASSWORD@ before its host")
    return IceServer(
        scheme,
        parts["host"],
        port,
        parts["transport"] or _default_transport(scheme),
        unquote(parts["username"]),
        unquote(parts["password"]),
    )


def read_ice_url(url: str, username: str | None, credential: str | None) -> IceServer | None:
    """Read a URL as browsers are told it; None if it is none that can be used (RFC 7064, 7065)."""
    match = _ICE_URL.fullmatch(url)
    if match is None:
        return None
    parts = match.groupdict()
    scheme = parts["scheme"]
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port <= _HIGHEST_PORT:
        return None
    if scheme == "stun":
        return IceServer("stun", parts["host"], port)
    transport = parts["transport"] or _default_transport(scheme)
    return IceServer(scheme, parts["host"], port, transport, username, credential)


def _kvs_channel(text: str) -> KvsChannel:
    match = _KVS_CHANNEL.fullmatch(text)
    if match is None:
        raise _fault(
            "write kvs:CHANNEL with the name of a signaling channel: "
            "letters, digits, and the characters _ . -"
        )
    return KvsChannel(match["name"])


def _shared_secret(text: str) -> SharedSecret:
    match = _SHARED_SECRET.fullmatch(text)
    if match is None:
        raise _fault(
            "write turn-rest:SECRET@HOST:PORT, with ?transport=udp, tcp or tls behind it if need "
            "be, and the secret percent-encoded"
        )
    forms = [("turn", "udp"), ("turn", "tcp")]
    if match["transport"]:
        forms = [("turns", "tcp") if match["transport"] == "tls" else ("turn", match["transport"])]
    return SharedSecret(
        unquote(match["secret"]),
        tuple(
            IceServer(scheme, match["host"], _port(match["port"], scheme), transport)
            for scheme, transport in forms
        ),
    )


def _port(text: str | None, scheme: str) -> int:
    port = int(text or _DEFAULT_PORTS[scheme])
    if not 0 < port <= _HIGHEST_PORT:
        raise _fault("a port is between 1 and 65535")
    return port


def _default_transport(scheme: str) -> str:
    return "tcp" if scheme == "turns" else "udp"


def _fault(problem: str) -> ValueError:
    return ValueError(f"GATEWAY_ICE_SERVERS: {problem}")

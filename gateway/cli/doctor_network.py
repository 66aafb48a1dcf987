"""Checks of the network: the listener, and the STUN and TURN servers.

Nothing takes longer than its bound: each server is tried in a thread that is given up then.
"""

import asyncio
import ipaddress
import os
import queue
import socket
import ssl
from collections.abc import Callable, Iterator
from threading import Thread

import httpx
import msgspec
from aioice import stun
from msgspec import Struct

from gateway.cli.address import Address, parse_address
from gateway.cli.client import http_options
from gateway.cli.finding import Finding
from gateway.cli.relays import ALLOCATE_SECONDS, refusal
from gateway.settings import Settings
from protocols.contract.errors import GatewayError, TimedOut
from protocols.webrtc.ice_servers import IceDirectory
from protocols.webrtc.options import IceServer, IceSource

REACH_SECONDS = 1.0
ASK_SECONDS = 20.0

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - told apart, not listened on
_STUN_TRIES = 2
_DATAGRAM_BYTES = 2048


class _Ping(Struct, frozen=True):
    status: str


class _Custom(Struct, frozen=True):
    speech: str | None = None


class _Capabilities(Struct, frozen=True):
    custom: _Custom = _Custom()


def local_address(settings: Settings) -> Address:
    """Where a gateway with these settings is reached from this machine."""
    host = _ANY_ADDRESS.get(settings.host, settings.host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return parse_address(f"http://{host}:{settings.port}")


def is_loopback(host: str) -> bool:
    """Tell whether an address is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def access_finding(settings: Settings) -> Finding:
    """Check that who may call was said where the network can call."""
    if settings.auth is not None:
        text = f"{settings.auth} (on {settings.host})"
        if settings.auth == "none" and not is_loopback(settings.host):
            remedy = "put something before it that authenticates, or listen on 127.0.0.1"
            return Finding("warn", "access", f"{text}: everybody who reaches it may call", remedy)
        return Finding("ok", "access", text)
    if is_loopback(settings.host):
        return Finding("ok", "access", f"none needed on {settings.host}")
    return Finding(
        "fail",
        "access",
        f"GATEWAY_AUTH: must be set to listen on {settings.host}",
        "`platform` behind Amazon Bedrock AgentCore, or `none` to let everybody in",
    )


def listener_finding(settings: Settings, status: str | None) -> Finding:
    """Check the port; ``status`` is what a gateway there says, None where none answers."""
    name = f"port {settings.port}"
    if status is not None:
        return Finding("ok", name, f"a gateway answers at {local_address(settings).base}: {status}")
    try:
        with socket.create_server((settings.host, settings.port), family=_family(settings.host)):
            return Finding("ok", name, f"free on {settings.host}")
    except PermissionError:
        return Finding("fail", name, "not allowed", "set GATEWAY_PORT to 1024 or more")
    except socket.gaierror:
        remedy = "set GATEWAY_HOST to an address of this machine"
        return Finding("fail", name, f"{settings.host} is no known host", remedy)
    except OSError as error:
        remedy = "stop the other program, or set GATEWAY_PORT to another port"
        return Finding("fail", name, _reason(error), remedy)


def gateway_status(address: Address) -> str | None:
    """Ask a running gateway how it is; None if none answers there."""
    body = _get(address, "/ping")
    try:
        return None if body is None else msgspec.json.decode(body, type=_Ping).status
    except msgspec.MsgspecError:
        return None


def speech_state(address: Address) -> str | None:
    """Ask a running gateway for the state of its speech engines; None if it does not say."""
    body = _get(address, "/capabilities")
    try:
        return None if body is None else msgspec.json.decode(body, type=_Capabilities).custom.speech
    except msgspec.MsgspecError:
        return None


def ice_findings(settings: Settings) -> Iterator[Finding]:
    """Check that each STUN and TURN server answers; those of Kinesis Video are asked for first."""
    sources = settings.webrtc.sources()
    if not sources:
        yield Finding("ok", "ICE servers", "none; callers have to reach this machine directly")
        return
    servers: list[IceServer] = []
    for source in sources:
        try:
            found = asyncio.run(_servers(source))
        except GatewayError as error:
            yield Finding("fail", "KVS", error.message, "mend it; its servers cannot be checked")
            continue
        # our side cannot use DTLS, and clients are told of more than one way
        servers += [each for each in found if each.is_usable_relay or not each.is_relay]
    outcomes = [_in_thread(_fault_of, server) for server in servers]
    for server, outcome in zip(servers, outcomes, strict=True):
        seconds = REACH_SECONDS + (ALLOCATE_SECONDS if server.is_relay else 0)
        try:
            fault = outcome.get(timeout=seconds)
        except queue.Empty:
            fault = f"no answer within {seconds:g} s"
        if fault is None:
            text = "gives a relay" if server.is_relay else "answers"
            yield Finding("ok", server.scheme.upper(), f"{server.url} {text}")
        else:
            remedy = "check the address, the firewall and GATEWAY_ICE_SERVERS"
            yield Finding("fail", server.scheme.upper(), f"{server.url}: {fault}", remedy)


async def _servers(source: IceSource) -> tuple[IceServer, ...]:
    directory = IceDirectory([source])
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return (await directory.servers()).servers
    except TimeoutError:
        raise TimedOut(f"no answer within {ASK_SECONDS:g} s") from None
    finally:
        await directory.aclose()


def _fault_of(server: IceServer) -> str | None:
    """What is wrong with a server; of a relay, whether it takes the credentials."""
    fault = reach(server)
    return asyncio.run(refusal(server)) if fault is None and server.is_relay else fault


def reach(server: IceServer) -> str | None:
    """Talk to a server as far as it goes without credentials; give what is wrong, if anything."""
    try:
        if server.transport == "tcp":
            _reach_stream(server)
            return None
        return _reach_datagram(server)
    except TimeoutError:
        return f"no answer within {REACH_SECONDS:g} s"
    except ssl.SSLError as error:
        return f"TLS: {error.reason or 'failed'}"
    except OSError as error:
        return _reason(error)


def _reach_stream(server: IceServer) -> None:
    place = (server.host, server.port)
    with socket.create_connection(place, timeout=REACH_SECONDS) as plain:
        if server.scheme == "turns":
            with ssl.create_default_context().wrap_socket(plain, server_hostname=server.host):
                pass


def _reach_datagram(server: IceServer) -> str | None:
    """Send a binding request, which STUN and TURN servers answer alike (RFC 8489 section 2)."""
    family, kind, protocol, _, place = socket.getaddrinfo(
        server.host, server.port, type=socket.SOCK_DGRAM
    )[0]
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    with socket.socket(family, kind, protocol) as datagrams:
        datagrams.connect(place)
        datagrams.settimeout(REACH_SECONDS / _STUN_TRIES)
        for attempt in range(_STUN_TRIES):
            datagrams.send(bytes(request))
            try:
                answer = datagrams.recv(_DATAGRAM_BYTES)
                break
            except TimeoutError:
                if attempt + 1 == _STUN_TRIES:
                    raise
    try:
        stun.parse_message(answer)
    except ValueError:
        return "it answers, but not as STUN"
    return None


def _in_thread(
    task: Callable[[IceServer], str | None], server: IceServer
) -> queue.Queue[str | None]:
    """Run a check that may hang in the resolver of the system; nobody waits for the thread."""
    outcome: queue.Queue[str | None] = queue.Queue(1)
    Thread(target=lambda: outcome.put(task(server)), daemon=True).start()
    return outcome


def _get(address: Address, path: str) -> bytes | None:
    try:
        options = http_options(address) | {"timeout": REACH_SECONDS}
        response = httpx.get(f"{address.base}{path}", **options)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    return response.content if response.status_code == 200 else None


def _reason(error: OSError) -> str:
    """The system's own words; libraries add addresses to them."""
    return str(error) if error.errno is None or error.errno < 0 else os.strerror(error.errno)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from aioice import stun

from gateway.cli import doctor_network
from gateway.cli.doctor_network import (
    access_finding,
    gateway_status,
    ice_findings,
    is_loopback,
    listener_finding,
    local_address,
    reach,
    speech_state,
)
from gateway.cli.finding import Finding
from gateway.settings import Settings
from protocols.contract.errors import NotConfigured
from protocols.webrtc.kinesis_video import Lease, SignalingChannel
from protocols.webrtc.options import IceServer, WebRtcOptions
from tests.gateway.cli.scripted_gateway import HttpScript, Reply, nobody

CHECK = "check the address, the firewall and GATEWAY_ICE_SERVERS"


@pytest.fixture
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_network, "REACH_SECONDS", 0.2)


@contextmanager
def datagram_server(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """Answers one datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        def serve() -> None:
            request, client = server.recvfrom(2048)
            server.sendto(answer(request), client)

        thread = Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def binding_response(data: bytes) -> bytes:
    request = stun.parse_message(data)
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=request.transaction_id,
    )
    response.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 4711)
    return bytes(response)


def test_a_stun_server_that_answers_is_reached() -> None:
    with datagram_server(binding_response) as port:
        settings = Settings(webrtc=WebRtcOptions(ice_servers=(f"stun:127.0.0.1:{port}",)))
        assert list(ice_findings(settings)) == [
            Finding("ok", "STUN", f"stun:127.0.0.1:{port} answers")
        ]


def test_what_answers_otherwise_is_no_stun_server() -> None:
    with datagram_server(lambda _: b"hello") as port:
        assert reach(IceServer("turn", "127.0.0.1", port, "udp", "u", "c")) == (
            "it answers, but not as STUN"
        )


def test_a_server_that_is_silent_is_given_up(haste: None) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert reach(IceServer("stun", "127.0.0.1", port)) == "no answer within 0.2 s"


def test_a_port_nobody_listens_on_is_said(haste: None) -> None:
    port = nobody().port
    assert reach(IceServer("stun", "127.0.0.1", port)) == "Connection refused"
    assert reach(IceServer("turn", "127.0.0.1", port, "tcp")) == "Connection refused"


def test_a_relay_over_tcp_is_reached_and_over_tls_only_if_it_speaks_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def greet() -> None:
            for _ in range(2):
                client, _ = server.accept()
                client.send(b"hello, no TLS here\r\n")
                client.close()

        thread = Thread(target=greet)
        thread.start()
        assert reach(IceServer("turn", "127.0.0.1", port, "tcp")) is None
        fault = reach(IceServer("turns", "127.0.0.1", port, "tcp"))
        thread.join()
    assert fault is not None
    assert fault.startswith(("TLS: ", "Connection reset"))


def test_a_relay_over_tls_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    class Context:
        def wrap_socket(self, plain: socket.socket, server_hostname: str) -> socket.socket:
            assert server_hostname == "127.0.0.1"
            return plain

    monkeypatch.setattr(ssl, "create_default_context", Context)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert reach(IceServer("turns", "127.0.0.1", server.getsockname()[1], "tcp")) is None


def test_a_check_that_hangs_holds_nobody_up(haste: None, monkeypatch: pytest.MonkeyPatch) -> None:
    release = Event()

    def hang(_: IceServer) -> None:
        release.wait(5)

    monkeypatch.setattr(doctor_network, "reach", hang)
    settings = Settings(webrtc=WebRtcOptions(ice_servers=("turn:u:c@relay.example:3478",)))
    (finding,) = ice_findings(settings)
    release.set()
    assert finding == Finding(
        "fail", "TURN", "turn:relay.example:3478?transport=udp: no answer within 3.2 s", CHECK
    )


def test_the_servers_of_a_shared_secret_are_checked_one_by_one() -> None:
    port = nobody().port
    source = f"turn-rest:s@127.0.0.1:{port}?transport=tcp"
    (finding,) = ice_findings(Settings(webrtc=WebRtcOptions(ice_servers=(source,))))
    assert finding == Finding(
        "fail", "TURN", f"turn:127.0.0.1:{port}?transport=tcp: Connection refused", CHECK
    )


@pytest.mark.parametrize("hangs", [False, True])
def test_a_channel_that_gives_no_servers_is_said(
    hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: SignalingChannel) -> Lease:
        if hangs:
            await asyncio.Event().wait()
        raise NotConfigured("No AWS region is set.")

    monkeypatch.setattr(SignalingChannel, "fetch", refuse)
    monkeypatch.setattr(doctor_network, "ASK_SECONDS", 0.05)
    (finding,) = ice_findings(Settings(webrtc=WebRtcOptions(ice_servers=("kvs:voices",))))
    text = "no answer within 0.05 s" if hangs else "No AWS region is set."
    assert finding == Finding("fail", "KVS", text, "mend it; its servers cannot be checked")


def test_without_ice_servers_that_is_said() -> None:
    (finding,) = ice_findings(Settings())
    assert (finding.level, finding.name) == ("ok", "ICE servers")


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        (Settings(), "ok"),
        (Settings(host="localhost"), "ok"),
        (Settings(host="0.0.0.0"), "fail"),
        (Settings(host="gateway.example"), "fail"),
        (Settings(host="0.0.0.0", auth="platform"), "ok"),
        (Settings(host="127.0.0.1", auth="none"), "ok"),
        (Settings(host="0.0.0.0", auth="none"), "warn"),
    ],
)
def test_who_may_call_has_to_be_said_where_the_network_can(settings: Settings, level: str) -> None:
    finding = access_finding(settings)
    assert (finding.level, finding.name) == (level, "access")
    assert bool(finding.remedy) is (level != "ok")


def test_loopback_is_told_from_the_network() -> None:
    assert [is_loopback(host) for host in ("127.1.2.3", "::1", "localhost", "::", "x")] == [
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
    ],
)
def test_a_gateway_is_asked_where_this_machine_reaches_it(host: str, base: str) -> None:
    assert local_address(Settings(host=host)).base == base


def test_a_free_port_is_fine_and_a_taken_one_is_not() -> None:
    port = nobody().port
    assert listener_finding(Settings(port=port), None) == Finding(
        "ok", f"port {port}", "free on 127.0.0.1"
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert listener_finding(Settings(port=port), None) == Finding(
            "fail",
            f"port {port}",
            "Address already in use",
            "stop the other program, or set GATEWAY_PORT to another port",
        )


@pytest.mark.parametrize(
    ("error", "text", "remedy"),
    [
        (PermissionError(13, "no"), "not allowed", "set GATEWAY_PORT to 1024 or more"),
        (
            socket.gaierror(-2, "?"),
            "127.0.0.1 is no known host",
            "set GATEWAY_HOST to an address of this machine",
        ),
    ],
)
def test_an_address_that_cannot_be_had_is_said(
    error: OSError, text: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "create_server", refuse)
    assert listener_finding(Settings(port=80), None) == Finding("fail", "port 80", text, remedy)


def test_a_gateway_that_answers_there_is_fine_too(gateway: HttpScript) -> None:
    gateway.replies = [Reply(b'{"status":"HealthyBusy"}', content_type="application/json")]
    status = gateway_status(gateway.address)
    settings = Settings(port=gateway.address.port)
    assert listener_finding(settings, status) == Finding(
        "ok",
        f"port {gateway.address.port}",
        f"a gateway answers at {gateway.address.base}: HealthyBusy",
    )


@pytest.mark.parametrize("reply", [Reply(b"<html>"), Reply(b"{}"), Reply(b"", 404)])
def test_another_server_there_is_no_gateway(reply: Reply, gateway: HttpScript) -> None:
    gateway.replies = [reply]
    assert gateway_status(gateway.address) is None


def test_nobody_there_is_no_gateway() -> None:
    assert gateway_status(nobody()) is None
    assert speech_state(nobody()) is None


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b'{"custom":{"speech":"ready","wires":[]},"tools":{}}', "ready"),
        (b"{}", None),
        (b"x", None),
    ],
)
def test_a_running_gateway_is_asked_for_its_speech_engines(
    body: bytes, state: str | None, gateway: HttpScript
) -> None:
    gateway.replies = [Reply(body, content_type="application/json")]
    assert speech_state(gateway.address) == state

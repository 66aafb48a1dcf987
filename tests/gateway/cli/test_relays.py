"""A real TURN server is asked for a relay."""

import socket
import time
from collections.abc import Iterator

import pytest
from aioice import stun, turn

from gateway.cli import relays
from gateway.cli.doctor_network import ice_findings
from gateway.cli.finding import Finding
from gateway.cli.relays import refusal
from gateway.settings import Settings
from protocols.webrtc.ice_servers import sign
from protocols.webrtc.options import IceServer, SharedSecret, WebRtcOptions, parse_ice_source
from tests.turn_server import TurnServer, turn_server


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("coturn")) as server:
        yield server


def relay(coturn: TurnServer, transport: str, seconds: float = 60) -> IceServer:
    source = parse_ice_source(coturn.setting(transport))
    assert isinstance(source, SharedSecret)
    [server] = sign(source, time.time() + seconds, "test")
    return server


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_relay_is_given(
    transport: str, coturn: TurnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in coturn.environment.items():
        monkeypatch.setenv(name, value)
    assert await refusal(relay(coturn, transport)) is None


async def test_credentials_that_are_wrong_or_over_are_refused(coturn: TurnServer) -> None:
    wrong = IceServer("turn", "127.0.0.1", coturn.port, "udp", "user", "wrong")
    for server in (wrong, relay(coturn, "udp", seconds=-60)):
        assert await refusal(server) == "it refuses the user or the password"


async def test_a_certificate_that_is_not_trusted_gives_no_relay(coturn: TurnServer) -> None:
    assert await refusal(relay(coturn, "tls")) == "it gives no relay"


async def test_a_server_that_says_nothing_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relays, "ALLOCATE_SECONDS", 0.1)
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = IceServer("turn", "127.0.0.1", silent.getsockname()[1], "udp", "u", "p")
        assert await refusal(server) == "no relay within 0.1 s"


@pytest.mark.parametrize(
    ("code", "said"),
    [(486, "its quota is used up"), (508, "it gives no relay (STUN error 508)")],
)
async def test_other_refusals_are_told(
    code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = stun.Message(message_method=stun.Method.ALLOCATE, message_class=stun.Class.ERROR)
    answer.attributes["ERROR-CODE"] = (code, "secret text")

    async def refuse(*_: object, **__: object) -> None:
        raise stun.TransactionFailed(answer)

    monkeypatch.setattr(turn, "create_turn_endpoint", refuse)
    assert await refusal(IceServer("turn", "127.0.0.1", 1, "udp", "u", "p")) == said


def test_the_doctor_tells_of_servers_that_give_relays_and_of_others(coturn: TurnServer) -> None:
    wrong = f"turn:user:wrong@127.0.0.1:{coturn.port}?transport=tcp"
    servers = (f"stun:127.0.0.1:{coturn.port}", coturn.setting("udp"), wrong)
    url = f"127.0.0.1:{coturn.port}"
    assert list(ice_findings(Settings(webrtc=WebRtcOptions(ice_servers=servers)))) == [
        Finding("ok", "STUN", f"stun:{url} answers"),
        Finding("ok", "TURN", f"turn:{url}?transport=udp gives a relay"),
        Finding(
            "fail",
            "TURN",
            f"turn:{url}?transport=tcp: it refuses the user or the password",
            "check the address, the firewall and GATEWAY_ICE_SERVERS",
        ),
    ]

"""Calls that go through a real TURN server and no other way, from the credentials to the answer."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.cli import talk_webrtc
from gateway.cli.address import parse_address
from gateway.cli.answer import Answer
from gateway.cli.talk import read_question
from gateway.models.offline.speech import SpeechEngines
from tests.emulators.emulator import AwsEmulator
from tests.emulators.kinesis_video import TurnServers
from tests.journeys.test_voice import is_said, understood
from tests.journeys.wires import AUDIO, manifest
from tests.server_process import serve
from tests.turn_server import SECRET, TurnServer, turn_server

SILENT = ("silence", "noise")
BOUND_SECONDS = 60.0


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("coturn")) as server:
        yield server


async def ask(url: str, phrase: str) -> Answer:
    question = await asyncio.to_thread(read_question, AUDIO / f"{phrase}.wav")
    async with asyncio.timeout(BOUND_SECONDS):
        return await talk_webrtc.ask(question, parse_address(url), str(uuid4()), turn_only=True)


def allocations(coturn: TurnServer) -> int:
    return coturn.log.read_text(errors="replace").count("ALLOCATE processed, success")


@pytest.mark.slow
async def test_every_recording_gets_its_answer_through_a_relay(
    coturn: TurnServer, tmp_path: Path
) -> None:
    phrases = [phrase for phrase in manifest() if phrase not in SILENT]
    before = allocations(coturn)
    servers = coturn.setting("udp")
    with serve(tmp_path / "log", GATEWAY_ICE_SERVERS=servers, GATEWAY_MAX_VOICES="12") as url:
        answers = await asyncio.gather(*(ask(url, phrase) for phrase in phrases))
    wrong = {}
    ears = SpeechEngines()
    for phrase, answer in zip(phrases, answers, strict=True):
        heard = await understood(ears, answer, phrase)
        if not (heard and is_said(phrase, heard) and is_said(phrase, answer.reply)):
            wrong[phrase] = (answer.question, answer.reply, heard)
    await ears.aclose()
    assert wrong == {}
    assert allocations(coturn) - before >= 2 * len(phrases)


@pytest.mark.slow
async def test_where_udp_is_blocked_servers_of_kinesis_video_are_reached_by_tls(
    coturn: TurnServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in coturn.environment.items():
        monkeypatch.setenv(name, value)
    before = allocations(coturn)
    with AwsEmulator() as aws, socket.socket(type=socket.SOCK_DGRAM) as blocked:
        blocked.bind(("127.0.0.1", 0))  # takes datagrams, never answers
        aws.kinesis_video.turn = TurnServers(
            (
                f"turn:127.0.0.1:{blocked.getsockname()[1]}?transport=udp",
                f"turns:127.0.0.1:{coturn.tls_port}?transport=udp",
                f"turns:127.0.0.1:{coturn.tls_port}?transport=tcp",
            ),
            secret=SECRET,
        )
        settings = {
            **aws.environment(),
            **coturn.environment,
            "GATEWAY_ICE_SERVERS": "kvs:voices",
        }
        with serve(tmp_path / "log", **settings) as url:
            answer = await ask(url, "multiply")
        operations = [request.operation for request in aws.kinesis_video.requests.all()]
    assert "714" in answer.reply
    assert allocations(coturn) - before >= 2
    assert operations == [
        "describeSignalingChannel",
        "createSignalingChannel",
        "describeSignalingChannel",
        "getSignalingChannelEndpoint",
        "get-ice-server-config",
    ]

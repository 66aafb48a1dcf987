"""What AWS's WebRTC sample leaves open, by the numbers of the list in docs/protocols/webrtc.md.

``w01`` to ``w31``: here what can be told without a browser and a process of its own; the last test
of the file checks that every number has its test somewhere.
"""

import ast
import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.activity import Activity
from gateway.app import create_app
from gateway.settings import Settings, SettingsError
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import InvalidInput, ModelFailed, NotFound, TooManySessions
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    ModelReconnecting,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import Text
from protocols.webrtc import connection as connection_module
from protocols.webrtc import gathering, kinesis_video
from protocols.webrtc.ice_servers import IceDirectory
from protocols.webrtc.kinesis_video import SignalingChannel
from protocols.webrtc.options import KvsChannel, WebRtcOptions
from protocols.webrtc.peers import Peers
from tests.emulators.emulator import AwsEmulator, clean
from tests.emulators.kinesis_video import TurnServers
from tests.protocols.webrtc.calls import (
    BOUND_SECONDS,
    CLIENT_RATE,
    OUTPUT_RATE,
    SESSION,
    Client,
    Mouth,
    Server,
    calling,
    loud_seconds,
    serving,
    tone,
)
from tests.protocols.webrtc.offers import CHROME, HOST, MDNS, TCP
from tests.server_process import ROOT

OTHERS = (SessionKey("somebody else", SESSION.id), SessionKey(SESSION.caller, "session-2"))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEmulator]:
    with AwsEmulator() as emulator:
        for name in set(os.environ) - set(clean(os.environ)):
            monkeypatch.delenv(name)
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield emulator


async def offered(server: Server, session: SessionKey = SESSION, **data: Any) -> str:
    return str((await server.act("offer", {"sdp": CHROME, **data}, session))["pc_id"])


async def until_freed(server: Server) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        while server.peers.count or server.busy.count or server.conversations.live:
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.02)


def sound(client: Client) -> float:
    return loud_seconds(bytes(client.heard), CLIENT_RATE)


async def test_w01_ping_is_busy_for_the_length_of_a_call_and_its_time_stands_still() -> None:
    times = iter(range(1_000, 2_000))
    activity = Activity(lambda: float(next(times)))
    peers = Peers(WebRtcOptions(), hold=activity.hold, listens_on_loopback=True)
    async with serving() as elsewhere, peers:
        server = Server(peers, elsewhere.busy)
        assert (activity.status, activity.changed) == ("Healthy", 1_000)
        async with calling(server, Mouth()) as client:
            assert (activity.status, activity.changed) == ("HealthyBusy", 1_001)
            await server.conversation().until(lambda c: len(c.heard) > 6_400)
            assert (activity.status, activity.changed) == ("HealthyBusy", 1_001)
            await server.act("disconnect", {"pc_id": client.pc_id})
        assert (activity.status, activity.changed) == ("Healthy", 1_002)


async def test_w02_ids_do_not_repeat_and_are_good_for_their_caller_and_session_only() -> None:
    async with serving() as server:
        ids = []
        for _ in range(3):
            ids.append(await offered(server))
            for session in OTHERS:
                for action in ("ice_candidate", "offer"):
                    with pytest.raises(NotFound):
                        data = {"pc_id": ids[-1], "candidates": [], "sdp": CHROME}
                        await server.act(action, data, session)
                await server.act("disconnect", {"pc_id": ids[-1]}, session)
            assert server.peers.count == 1
            await server.act("disconnect", {"pc_id": ids[-1]})
        assert len(set(ids)) == 3
        assert min(map(len, ids)) >= 32


async def test_w03_a_connection_that_fails_closes_or_vanishes_is_cleaned_up() -> None:
    async with serving(vanished_seconds=0.5, connect_seconds=0.5) as server:
        async with calling(server, Mouth()) as client:
            client.vanish()
            await until_freed(server)
        await offered(server)  # and never connected
        await until_freed(server)


async def test_w04_a_page_that_never_says_goodbye_is_noticed() -> None:
    async with serving() as server:
        async with calling(server, Mouth()):
            assert server.peers.count == 1
        await until_freed(server)


async def test_w05_an_unknown_peer_and_a_bad_candidate_are_errors() -> None:
    async with serving() as server:
        data: dict[str, Any] = {"pc_id": "pc_1", "candidates": [{"candidate": HOST}]}
        with pytest.raises(NotFound):
            await server.act("ice_candidate", data)
        data = {"pc_id": await offered(server), "candidates": [{"candidate": "candidate:1 1"}]}
        with pytest.raises(InvalidInput, match="RFC 8839"):
            await server.act("ice_candidate", data)


def test_w08_nobody_is_let_in_from_the_network_unless_it_was_said() -> None:
    with pytest.raises(SettingsError, match="GATEWAY_AUTH"):
        create_app(Settings(host="0.0.0.0"))


async def test_w09_a_page_gets_credentials_of_a_relay_that_end_and_no_keys(
    aws: AwsEmulator,
) -> None:
    async with serving(ice_servers=("kvs:voices",)) as server:
        told = await server.act("ice_config")
    assert 0 < told["ttl"] <= 300
    assert {key for each in told["iceServers"] for key in each} == {
        "urls",
        "username",
        "credential",
    }
    for credentials in aws.credentials.values():
        assert credentials.access_key not in str(told)
        assert credentials.secret_key not in str(told)


async def test_w10_the_service_is_asked_in_threads_by_one_client_a_plane(
    aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    new_client = kinesis_video._new_client

    def count(endpoint: str) -> Any:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()  # there is none in a thread
        made.append(endpoint)
        return new_client(endpoint)

    monkeypatch.setattr(kinesis_video, "_new_client", count)
    channel = SignalingChannel("voices")
    for _ in range(3):
        await channel.fetch()
    channel.close()
    assert made == ["", aws.url]


async def test_w11_nothing_is_asked_before_the_first_request(aws: AwsEmulator) -> None:
    async with serving(ice_servers=("kvs:voices",)) as server:
        assert aws.kinesis_video.requests.all() == []
        await server.act("ice_config")
        assert len(aws.kinesis_video.requests.all()) == 5


async def test_w12_a_channel_that_is_being_made_is_waited_for(
    aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinesis_video, "_LOOK_AGAIN_SECONDS", 0.001)
    aws.kinesis_video.descriptions_until_active = 3
    channel = SignalingChannel("voices")
    assert (await channel.fetch()).servers
    channel.close()
    assert aws.kinesis_video.descriptions_until_active == 0


async def test_w13_many_calls_at_once_ask_the_service_once(aws: AwsEmulator) -> None:
    directory = IceDirectory([KvsChannel("voices")])
    await asyncio.gather(*(directory.servers() for _ in range(30)))
    await directory.servers()
    await directory.aclose()
    operations = [request.operation for request in aws.kinesis_video.requests.all()]
    assert operations.count("get-ice-server-config") == 1


async def test_w14_the_time_of_the_credentials_is_told_and_a_call_changes_networks(
    aws: AwsEmulator,
) -> None:
    aws.kinesis_video.turn = TurnServers(uris=(), life_seconds=120)
    async with serving(ice_servers=("kvs:voices", "stun:127.0.0.1:9")) as server:
        assert 110 <= (await server.act("ice_config"))["ttl"] <= 120
    async with serving() as server, calling(server, Mouth()) as first:
        conversation = server.conversation()
        first.vanish()
        async with calling(server, Mouth(), pc_id=first.pc_id) as second:
            second.say(type="input.text", text="on the other network")
            await conversation.until(lambda c: c.said == [Text("on the other network")])


async def test_w16_relays_alone_still_means_every_way_to_them() -> None:
    servers = ("turn:u:p@a?transport=udp", "turn:u:p@a?transport=tcp", "turns:u:p@a", "stun:a")
    async with serving(ice_servers=servers) as server:
        told = await server.act("ice_config", {"turnOnly": True})
        assert [each["urls"] for each in told["iceServers"]] == [
            ["turn:a:3478?transport=udp"],
            ["turn:a:3478?transport=tcp"],
            ["turns:a:5349?transport=tcp"],
        ]


async def test_w17_stun_servers_are_told_beside_the_relays(aws: AwsEmulator) -> None:
    stun = "stun:stun.kinesisvideo.us-east-1.amazonaws.com:443"
    async with serving(ice_servers=("kvs:voices", stun)) as server:
        told = await server.act("ice_config")
        assert {"urls": [stun]} in told["iceServers"]


async def test_w18_gathering_is_bounded_and_candidates_may_come_together() -> None:
    assert gathering._GATHER_SECONDS < 1
    async with serving() as server:
        many = [{"candidate": text, "sdp_mid": "0"} for text in (HOST, TCP, MDNS, "")]
        data = {"pc_id": await offered(server), "candidates": many}
        assert await server.act("ice_candidate", data) == {"status": "success"}


async def test_w19_calls_share_nothing_that_sound_goes_through() -> None:
    async with (
        serving() as server,
        calling(server, Mouth()),
        calling(server, Mouth(), session=OTHERS[1]),
    ):
        one, other = (peer._line for peer in server.peers._peers)
        assert one.voice is not other.voice
        assert one.hearing is not other.hearing


async def test_w20_an_interruption_throws_away_the_voice_that_waits() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        conversation = server.conversation()
        voice = AudioDelta("m", tone(330, 20.0, OUTPUT_RATE))
        conversation.emit(TurnStarted("t"), voice)
        await client.until(lambda: sound(client) > 0.1)
        conversation.emit(BargeIn())
        await client.until_told("gateway.audio.flush")
        before = sound(client)
        conversation.emit(TurnEnded("cancelled"))
        await client.until_told("RUN_FINISHED")
        assert sound(client) - before < 2  # of 20


async def test_w21_a_jump_of_the_clock_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        conversation = server.conversation()
        conversation.emit(TurnStarted("t"), AudioDelta("m", tone(330, 0.8, OUTPUT_RATE)))
        await client.until(lambda: sound(client) > 0.2)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 7_200)
        await client.until(lambda: sound(client) > 0.7)


async def test_w22_a_model_that_dies_is_told_and_ends_the_call() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        server.conversation().emit(TurnStarted("t"), ModelFailed("The model is gone."))
        assert (await client.until_told("gateway.end"))["reason"] == "failed"
        await until_freed(server)


async def test_w23_the_conversation_is_closed_in_order_whoever_ends_the_call() -> None:
    async with serving() as server:
        async with calling(server, Mouth()) as client:
            conversation = server.conversation()
            await server.act("disconnect", {"pc_id": client.pc_id})
            assert (await client.until_told("gateway.end"))["reason"] == "stopped"
        assert conversation.closed


async def test_w24_a_model_that_is_being_renewed_is_told_and_the_call_goes_on() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        server.conversation().emit(ModelReconnecting(), TurnStarted("t"), TurnEnded())
        await client.until_told("gateway.reconnecting")
        await client.until_told("RUN_FINISHED")
        assert server.peers.count == 1


def test_w25_nothing_is_taken_for_ready_because_a_while_has_passed() -> None:
    fixed = []
    for path in (ROOT / "protocols" / "webrtc").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("sleep"):
                fixed += [path.name for each in node.args if isinstance(each, ast.Constant)]
    assert fixed == []


async def test_w26_a_call_has_text_both_ways_transcripts_and_a_data_channel() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        conversation = server.conversation()
        client.say(type="input.text", text="Hello")
        await conversation.until(lambda c: c.said == [Text("Hello")])
        conversation.emit(
            TurnStarted("t"),
            Transcript("u", "user", "What is it?"),
            Transcript("a", "assistant", "It is 714."),
            TurnEnded(),
        )
        await client.until_told("RUN_FINISHED")
        said = client.of_kinds(["TEXT_MESSAGE_CONTENT"])
        assert [each["delta"] for each in said] == ["What is it?", "It is 714."]


async def test_w27_connecting_is_counted_with_its_time_and_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[tuple[str, float]] = []
    monkeypatch.setattr(
        connection_module, "peer_connected", lambda path, took: counted.append((path, took))
    )
    async with serving() as server, calling(server, Mouth()):
        [(path, took)] = counted
        assert path in {"host", "prflx"}
        assert 0 < took < BOUND_SECONDS


async def test_w28_calls_are_counted_and_an_offer_has_its_time() -> None:
    async with serving(max_peers=1) as server:
        await offered(server)
        with pytest.raises(TooManySessions, match="GATEWAY_MAX_PEERS"):
            await offered(server, OTHERS[1])
    assert WebRtcOptions().connect_seconds <= 15
    assert Settings().limits.live_seconds <= 3_600


async def test_w29_a_shutdown_is_told_to_calls_and_waits_for_their_turns() -> None:
    assert signal.SIGTERM  # what it does to a process is in tests/journeys/test_drain.py
    async with serving() as server, calling(server, Mouth()) as client:
        conversation = server.conversation()
        conversation.emit(TurnStarted("t"))
        await client.until_told("RUN_STARTED")
        draining = asyncio.create_task(server.peers.drain(BOUND_SECONDS))
        await client.until_told("gateway.draining")
        conversation.emit(TurnEnded())
        assert (await client.until_told("gateway.end"))["reason"] == "draining"
        async with asyncio.timeout(BOUND_SECONDS):
            await draining


def test_w30_region_and_address_are_settings(
    aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    client = kinesis_video._new_client("")
    assert client.meta.region_name == "eu-west-3"
    client.close()
    assert Settings.from_environ({"GATEWAY_HOST": "::1"}).host == "::1"
    run = (ROOT / "scripts" / "run.sh").read_text()
    assert 'printenv "$name" >/dev/null || export' in run, "the environment wins over .env"


def test_w31_every_number_has_its_test() -> None:
    """The others: 06, 07 at the door, 15 and more through a real TURN server."""
    named = re.compile(r"def test_w(\d\d)_")
    found = {
        int(number)
        for path in Path(ROOT / "tests").rglob("test_*.py")
        for number in named.findall(path.read_text())
    }
    assert sorted(found) == list(range(1, 32))

"""The table of signaling: what is sent, what is answered, and what is left of it."""

import asyncio
from typing import Any

import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    NotFound,
    SessionBusy,
    TimedOut,
    TooLarge,
    TooManySessions,
    Unavailable,
)
from protocols.contract.inputs import LiveOptions
from protocols.webrtc.connection import Connection
from tests.protocols.webrtc.calls import SESSION, Server, serving
from tests.protocols.webrtc.offers import CHROME, HOST, MDNS, TCP, mutant

SERVERS = (
    "stun:stun.example.com",
    "turn:ann:secret@turn.example.com",
    "turns:ann:secret@turn.example.com",
)
STUN = {"urls": ["stun:stun.example.com:3478"]}
TURN = [
    {
        "urls": ["turn:turn.example.com:3478?transport=udp"],
        "username": "ann",
        "credential": "secret",
    },
    {
        "urls": ["turns:turn.example.com:5349?transport=tcp"],
        "username": "ann",
        "credential": "secret",
    },
]
OTHER_SESSION = SessionKey(SESSION.caller, "session-2")
OTHER_CALLER = SessionKey("somebody else", SESSION.id)


async def offer(server: Server, session: SessionKey = SESSION, **data: Any) -> str:
    answer = await server.act("offer", {"sdp": CHROME, "type": "offer", **data}, session)
    return str(answer["pc_id"])


async def test_ice_servers_are_told() -> None:
    async with serving(ice_servers=SERVERS) as server:
        assert await server.act("ice_config") == {"iceServers": [STUN, *TURN], "ttl": 86_400}
        relays = await server.act("ice_config", {"turnOnly": True})
        assert relays == {"iceServers": TURN, "ttl": 86_400}


async def test_without_ice_servers_there_are_none_and_no_relay() -> None:
    async with serving() as server:
        assert await server.act("ice_config") == {"iceServers": [], "ttl": 86_400}
        for action, data in (
            ("ice_config", {"turnOnly": True}),
            ("offer", {"sdp": CHROME, "turnOnly": True}),
        ):
            with pytest.raises(Unavailable, match="GATEWAY_ICE_SERVERS"):
                await server.act(action, data)


async def test_an_offer_is_answered_with_our_candidates() -> None:
    async with serving() as server:
        answer = await server.act("offer", {"sdp": CHROME, "type": "offer", "turnOnly": False})
        assert (sorted(answer), answer["type"]) == (["pc_id", "sdp", "type"], "answer")
        assert len(answer["pc_id"]) == 32
        assert " 127.0.0.1 " in answer["sdp"]
        assert "a=rtpmap:111 opus/48000/2" in answer["sdp"]
        assert "m=application" in answer["sdp"]


async def test_the_voice_that_was_asked_for_is_passed_on() -> None:
    async with serving() as server:
        await offer(server, voice="ann", language="fr-FR")
        assert server.conversations.opened == [
            (SESSION, LiveOptions(voice="ann", language="fr-FR"), "webrtc")
        ]


@pytest.mark.parametrize(
    ("session_given", "in_data", "expected"),
    [
        (True, "from-data", "session-1"),
        (False, "from-data", "from-data"),
        (False, None, "session-1"),
    ],
)
async def test_the_session_is_named_by_the_request_then_by_the_data(
    session_given: bool, in_data: str | None, expected: str
) -> None:
    async with serving() as server:
        data = {"sdp": CHROME, "sessionId": in_data}
        answer = await server.act("offer", data, session_given=session_given)
        [(session, _, _)] = server.conversations.opened
        assert session == SessionKey("caller", expected)
        leave = {"pc_id": answer["pc_id"], "sessionId": in_data}
        await server.act("disconnect", leave, session_given=session_given)
        assert server.peers.count == 0


async def test_ids_of_connections_are_never_the_same() -> None:
    async with serving() as server:
        first = await offer(server)
        await server.act("disconnect", {"pc_id": first})
        assert first != await offer(server)


CANDIDATES = [
    {"candidate": HOST, "sdp_mid": "0", "sdp_mline_index": 0},
    {"candidate": TCP, "sdp_mid": "0", "sdp_mline_index": 0},
    {"candidate": MDNS, "sdp_mid": "0"},
    {"candidate": "", "sdp_mid": "0"},
    {"candidate": None},
    None,
]


@pytest.mark.parametrize("candidates", [[item] for item in CANDIDATES] + [CANDIDATES, []])
async def test_candidates_of_browsers_and_their_end_are_taken(candidates: list[Any]) -> None:
    async with serving() as server:
        data = {"pc_id": await offer(server), "candidates": candidates}
        for _ in range(2):
            assert await server.act("ice_candidate", data) == {"status": "success"}


async def test_a_client_has_a_bounded_number_of_candidates() -> None:
    async with serving() as server:
        pc_id = await offer(server)
        many = [{"candidate": HOST.replace("54321", str(20_000 + n))} for n in range(33)]
        with pytest.raises(InvalidInput, match="32"):
            await server.act("ice_candidate", {"pc_id": pc_id, "candidates": many})


@pytest.mark.parametrize("action", ["ice_candidate", "offer"])
@pytest.mark.parametrize("session", [SESSION, OTHER_SESSION, OTHER_CALLER])
async def test_an_unknown_or_foreign_peer_is_not_found(action: str, session: SessionKey) -> None:
    async with serving() as server:
        pc_id = await offer(server) if session != SESSION else "unknown"
        data = {"pc_id": pc_id, "candidates": [], "sdp": CHROME}
        with pytest.raises(NotFound):
            await server.act(action, data, session)


async def test_a_peer_that_was_left_is_not_found() -> None:
    async with serving() as server:
        pc_id = await offer(server)
        await server.act("disconnect", {"pc_id": pc_id})
        with pytest.raises(NotFound):
            await server.act("ice_candidate", {"pc_id": pc_id, "candidates": []})


async def test_hanging_up_twice_or_on_nobody_is_fine() -> None:
    async with serving() as server:
        pc_id = await offer(server)
        for _ in range(2):
            assert await server.act("disconnect", {"pc_id": pc_id}) == {"status": "success"}
            assert (server.peers.count, server.busy.count) == (0, 0)


@pytest.mark.parametrize("session", [OTHER_SESSION, OTHER_CALLER])
async def test_nobody_can_hang_up_for_somebody_else(session: SessionKey) -> None:
    async with serving() as server:
        pc_id = await offer(server)
        assert await server.act("disconnect", {"pc_id": pc_id}, session) == {"status": "success"}
        assert server.peers.count == 1


@pytest.mark.parametrize(
    ("action", "data", "kind", "path"),
    [
        ("ice_config", {"turnOnly": "yes"}, InvalidInput, "$.data.turnOnly"),
        ("offer", {}, InvalidInput, "$.data"),
        ("offer", {"sdp": 5}, InvalidInput, "$.data.sdp"),
        ("offer", {"sdp": CHROME, "sessionId": "a\nb"}, InvalidInput, "$.data.sessionId"),
        ("offer", {"sdp": CHROME, "sessionId": "x" * 300}, InvalidInput, "$.data.sessionId"),
        ("ice_candidate", {"candidates": []}, InvalidInput, "$.data"),
        ("ice_candidate", {"pc_id": "x", "candidates": "y"}, InvalidInput, "$.data.candidates"),
        ("disconnect", {"pc_id": 5}, InvalidInput, "$.data.pc_id"),
    ],
)
async def test_data_of_a_wrong_form_names_the_place(
    action: str, data: dict[str, Any], kind: type[InvalidInput], path: str
) -> None:
    async with serving() as server:
        with pytest.raises(kind) as caught:
            await server.act(action, data)
        assert [detail.path for detail in caught.value.details] == [path]
        assert server.conversations.opened == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"sdp": "garbage"}, InvalidInput),
        ({"sdp": CHROME, "type": "answer"}, InvalidInput),
        ({"sdp": CHROME + "x" * 100_000}, TooLarge),
        ({"sdp": CHROME, "tools": [{"description": "no name"}]}, InvalidInput),
    ],
)
async def test_an_offer_that_cannot_be_answered_opens_nothing(
    data: dict[str, Any], kind: type[GatewayError]
) -> None:
    async with serving() as server:
        with pytest.raises(kind):
            await server.act("offer", data)
        assert (server.conversations.opened, server.peers.count) == ([], 0)


async def test_a_bad_candidate_is_told() -> None:
    async with serving() as server:
        data = {"pc_id": await offer(server), "candidates": [{"candidate": "candidate:nonsense"}]}
        with pytest.raises(InvalidInput, match="candidate"):
            await server.act("ice_candidate", data)


async def test_a_session_that_is_busy_refuses_the_call() -> None:
    async with serving() as server:
        await offer(server)
        with pytest.raises(SessionBusy):
            await offer(server)
        assert (server.peers.count, server.busy.count) == (1, 1)


async def test_only_so_many_calls_fit() -> None:
    async with serving(max_peers=1) as server:
        pc_id = await offer(server)
        with pytest.raises(TooManySessions, match="GATEWAY_MAX_PEERS"):
            await offer(server, OTHER_SESSION)
        await server.act("disconnect", {"pc_id": pc_id})
        await offer(server, OTHER_SESSION)


async def test_peers_that_are_still_being_answered_count_too() -> None:
    async with serving(max_peers=1) as server:
        offers = [offer(server), offer(server, OTHER_SESSION)]
        results = await asyncio.gather(*offers, return_exceptions=True)
        assert [type(result) for result in results] == [str, TooManySessions]


async def test_after_the_drain_began_no_calls_are_taken() -> None:
    async with serving() as server:
        await server.peers.drain(1)
        with pytest.raises(Unavailable, match="shutting down"):
            await offer(server)


async def test_an_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Connection, "answer", never)
    async with serving(connect_seconds=0.05) as server:
        with pytest.raises(TimedOut):
            await offer(server)
        assert (server.peers.count, server.busy.count) == (0, 0)


async def test_a_fault_of_ours_frees_everything_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> str:
        raise RuntimeError("ours")

    monkeypatch.setattr(Connection, "answer", fail)
    async with serving() as server:
        with pytest.raises(RuntimeError, match="ours"):
            await offer(server)
        assert (server.peers.count, server.busy.count) == (0, 0)


@pytest.mark.slow
async def test_mutants_of_offers_are_answered_or_refused_and_leave_nothing() -> None:
    answered = 0
    async with serving() as server:
        for seed in range(300):
            try:
                pc_id = (await server.act("offer", {"sdp": mutant(seed)}))["pc_id"]
            except InvalidInput:
                continue
            answered += 1
            await server.act("disconnect", {"pc_id": pc_id})
        assert server.peers.count == 0
    assert answered > 50


def test_each_server_of_the_tests_is_of_another_kind() -> None:
    assert len({server.partition(":")[0] for server in SERVERS}) == len(SERVERS)

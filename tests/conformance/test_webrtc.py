"""WebRTC signaling through the door of invocations."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.browser_offer import CANDIDATE, browser_offer
from tests.conformance.deployment import Deployment, new_session


@pytest.fixture(name="session")
def _session() -> str:
    return new_session()


@pytest.fixture(name="peer")
def _peer(deployment: Deployment, session: str) -> Iterator[dict[str, Any]]:
    """The answer to an offer; the peer is ended after the check."""
    answer = offer(deployment, session)
    yield answer
    deployment.act("disconnect", {"pc_id": answer["pc_id"]}, session)


def offer(deployment: Deployment, session: str) -> dict[str, Any]:
    answer = deployment.act("offer", {"sdp": browser_offer(), "type": "offer"}, session)
    assert isinstance(answer, dict)
    assert "error" not in answer, answer
    return answer


def candidates(pc_id: str, *candidate: dict[str, Any]) -> dict[str, Any]:
    return {"pc_id": pc_id, "candidates": list(candidate)}


def assert_error(answer: Any) -> None:
    assert answer.get("error"), answer
    assert answer.get("code"), answer
    assert "Traceback" not in str(answer)


@pytest.mark.promise("R01")
def test_ice_config_tells_servers(deployment: Deployment, session: str) -> None:
    servers = deployment.act("ice_config", {}, session)["iceServers"]
    assert isinstance(servers, list)
    for server in servers:
        assert server["urls"]


@pytest.mark.promise("R05")
def test_an_offer_is_answered(peer: dict[str, Any]) -> None:
    assert peer["type"] == "answer"
    assert isinstance(peer["pc_id"], str)
    assert peer["sdp"].startswith("v=0")
    assert "a=candidate:" in peer["sdp"]
    assert "opus/48000/2" in peer["sdp"]


@pytest.mark.promise("R06")
def test_peer_ids_are_distinct_and_long(deployment: Deployment) -> None:
    sessions = [new_session(), new_session()]
    ids = [offer(deployment, session)["pc_id"] for session in sessions]
    for session, pc_id in zip(sessions, ids, strict=True):
        deployment.act("disconnect", {"pc_id": pc_id}, session)
    assert len(set(ids)) == 2
    assert all(len(pc_id) >= 16 for pc_id in ids)


@pytest.mark.promise("R07")
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"sdp": "", "type": "offer"},
        {"sdp": "this is no SDP", "type": "offer"},
        {"sdp": 42, "type": "offer"},
        {"sdp": "v=0\r\n", "type": "answer"},
    ],
)
def test_a_wrong_offer_is_refused(
    deployment: Deployment, session: str, data: dict[str, Any]
) -> None:
    assert_error(deployment.act("offer", data, session))
    assert deployment.ping()["status"] == "Healthy"


@pytest.mark.promise("R08")
@pytest.mark.parametrize("count", [1, 3])
def test_candidates_are_accepted(
    deployment: Deployment, session: str, peer: dict[str, Any], count: int
) -> None:
    answer = deployment.act(
        "ice_candidate", candidates(peer["pc_id"], *[CANDIDATE] * count), session
    )
    assert answer["status"] == "success"


@pytest.mark.promise("R09")
@pytest.mark.parametrize("end", ["", None])
def test_the_end_of_candidates_is_accepted(
    deployment: Deployment, session: str, peer: dict[str, Any], end: str | None
) -> None:
    last = CANDIDATE | {"candidate": end}
    answer = deployment.act("ice_candidate", candidates(peer["pc_id"], last), session)
    assert answer["status"] == "success"


@pytest.mark.promise("R10")
def test_a_candidate_for_nobody_is_refused(deployment: Deployment, session: str) -> None:
    assert_error(deployment.act("ice_candidate", candidates("pc_unknown", CANDIDATE), session))


@pytest.mark.promise("R11")
def test_disconnect_ends_the_peer(deployment: Deployment, session: str) -> None:
    pc_id = offer(deployment, session)["pc_id"]
    assert deployment.ping()["status"] == "HealthyBusy"
    assert deployment.act("disconnect", {"pc_id": pc_id}, session)["status"] == "success"
    assert deployment.ping()["status"] == "Healthy"
    assert_error(deployment.act("ice_candidate", candidates(pc_id, CANDIDATE), session))


@pytest.mark.promise("R12")
def test_disconnect_twice_is_a_success(deployment: Deployment, session: str) -> None:
    pc_id = offer(deployment, session)["pc_id"]
    answers = [deployment.act("disconnect", {"pc_id": pc_id}, session) for _ in range(2)]
    assert [answer["status"] for answer in answers] == ["success", "success"]


@pytest.mark.promise("R13")
def test_an_unknown_action_is_refused(deployment: Deployment, session: str) -> None:
    answer = deployment.act("dance", {}, session)
    assert_error(answer)
    assert all(known in str(answer) for known in ("ice_config", "offer", "disconnect"))


@pytest.mark.promise("R14")
def test_the_peer_of_another_session_is_out_of_reach(
    deployment: Deployment, peer: dict[str, Any]
) -> None:
    stranger = new_session()
    assert_error(deployment.act("ice_candidate", candidates(peer["pc_id"], CANDIDATE), stranger))
    deployment.act("disconnect", {"pc_id": peer["pc_id"]}, stranger)
    assert deployment.ping()["status"] == "HealthyBusy"

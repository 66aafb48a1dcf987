"""Two thousand spoiled offers against a running gateway, which stays as it was."""

import http.client
import json
import time
from collections import Counter
from statistics import median
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from protocols.streaming import SESSION_HEADER
from tests.protocols.webrtc.offers import mutant

MUTANTS = 2_000
REFUSALS = {"VALIDATION_ERROR", "PAYLOAD_TOO_LARGE"}
PING_SECONDS = 0.1
ANSWER_SECONDS = 0.05
BOUND_SECONDS = 30.0
NOISE = 0.05  # share of measurements that a busy machine may spoil


class Caller:
    """One connection to the gateway, kept open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=BOUND_SECONDS
        )

    def act(self, action: str, session: str, data: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"action": action, "data": data})
        headers = {"Content-Type": "application/json", SESSION_HEADER: session}
        self._connection.request("POST", "/invocations", body, headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        assert isinstance(answer, dict)
        # a lone surrogate is no JSON, and what is no JSON is no action yet
        assert response.status == (400 if "valid JSON" in answer.get("error", "") else 200), answer
        return answer

    def close(self) -> None:
        self._connection.close()

    def ping(self) -> str:
        self._connection.request("GET", "/ping")
        status: str = json.loads(self._connection.getresponse().read())["status"]
        return status


def time_pings(url: str, done: Event, seconds: list[float]) -> None:
    caller = Caller(url)
    while not done.is_set():
        begun = time.perf_counter()
        caller.ping()
        seconds.append(time.perf_counter() - begun)
        done.wait(0.05)
    caller.close()


def late(seconds: list[float], limit: float) -> float:
    """The share that took longer."""
    return sum(each > limit for each in seconds) / len(seconds)


@pytest.mark.slow
def test_spoiled_offers_are_answered_or_refused_at_once_and_leave_nothing(gateway: str) -> None:
    caller, done, pings = Caller(gateway), Event(), list[float]()
    pinging = Thread(target=time_pings, args=(gateway, done, pings))
    pinging.start()
    outcomes: Counter[str] = Counter()
    refusals: list[float] = []
    try:
        for seed in range(MUTANTS):
            session, begun = str(uuid4()), time.perf_counter()
            answer = caller.act("offer", session, {"sdp": mutant(seed), "type": "offer"})
            if "error" in answer:
                refusals.append(time.perf_counter() - begun)
                outcomes[answer["code"]] += 1
                continue
            outcomes["answered"] += 1
            caller.act("disconnect", session, {"pc_id": answer["pc_id"]})
    finally:
        done.set()
        pinging.join(BOUND_SECONDS)
    assert outcomes["answered"] > MUTANTS // 10
    assert set(outcomes) - {"answered"} <= REFUSALS, outcomes
    assert median(refusals) < ANSWER_SECONDS
    assert late(refusals, ANSWER_SECONDS) <= NOISE
    assert late(pings, PING_SECONDS) <= NOISE
    deadline = time.monotonic() + BOUND_SECONDS
    while (status := caller.ping()) != "Healthy" and time.monotonic() < deadline:
        Event().wait(0.05)
    caller.close()
    assert status == "Healthy", "a peer was left"

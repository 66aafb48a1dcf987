"""Many runs at once on threads of their own: how long the first event is waited for."""

import asyncio
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.scenarios import Scenario, run_input
from benchmarks.server_process import Server
from benchmarks.stream_client import Heard, run

RUNS = 200
ROUNDS = 3
PROMISED_SECONDS = 0.5
"""Of the first event, for 99 of 100."""
_SCENARIO = Scenario("", "at the pace of a model")


@dataclass(frozen=True)
class Crowd:
    """Seconds from the connection on, over all rounds; CPU is the server's in a round."""

    first_event_p50: float
    first_event_p99: float
    first_words_p50: float
    first_words_p99: float
    slowest_run: float
    cpu_seconds: float


async def measure(servers: Mapping[str, Server]) -> dict[str, Crowd]:
    """Send the crowd to all servers in turns."""
    heard: dict[str, list[Heard]] = {name: [] for name in servers}
    cpu: dict[str, list[float]] = {name: [] for name in servers}
    for round_number in range(-1, ROUNDS):  # the first warms up
        for name, server in servers.items():
            before = server.cpu_seconds()
            came = await _send(server)
            if round_number >= 0:
                heard[name] += came
                cpu[name].append(server.cpu_seconds() - before)
    return {name: _crowd(heard[name], statistics.median(cpu[name])) for name in servers}


async def _send(server: Server) -> Sequence[Heard]:
    documents = [run_input(_SCENARIO) for _ in range(RUNS)]
    return await asyncio.gather(*(run(server.port, document) for document in documents))


def _crowd(heard: Sequence[Heard], cpu_seconds: float) -> Crowd:
    events = [each.first_event_seconds for each in heard]
    words = [each.first_words_seconds for each in heard]
    return Crowd(
        _percentile(events, 50),
        _percentile(events, 99),
        _percentile(words, 50),
        _percentile(words, 99),
        max(each.seconds for each in heard),
        cpu_seconds,
    )


def _percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many of a hundred do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]

"""Runs over HTTP: real servers on loopback, in turns; CPU is the server's own."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.scenarios import Scenario, run_input
from benchmarks.server_process import Server
from benchmarks.stream_client import run

ROUNDS = 5
RUNS = 4
"""Runs of one round, one after the other."""


@dataclass(frozen=True)
class Served:
    """What one run took."""

    cpu_seconds: float
    wall_seconds: float
    events: int
    size: int

    @property
    def events_per_second(self) -> float:
        """How many events the server's processor time gives in a second."""
        return self.events / self.cpu_seconds


async def measure(scenario: Scenario, servers: Mapping[str, Server]) -> dict[str, Served]:
    """Run a scenario on all servers in turns; the medians."""
    taken: dict[str, list[Served]] = {name: [] for name in servers}
    for round_number in range(-1, ROUNDS):  # the first warms up
        for name, server in servers.items():
            once = await _round(scenario, server)
            if round_number >= 0:
                taken[name].append(once)
    return {
        name: Served(
            statistics.median(each.cpu_seconds for each in rounds),
            statistics.median(each.wall_seconds for each in rounds),
            rounds[-1].events,
            rounds[-1].size,
        )
        for name, rounds in taken.items()
    }


async def _round(scenario: Scenario, server: Server) -> Served:
    cpu, wall = server.cpu_seconds(), time.perf_counter()
    for _ in range(RUNS):
        heard = await run(server.port, run_input(scenario))
    cpu, wall = server.cpu_seconds() - cpu, time.perf_counter() - wall
    return Served(cpu / RUNS, wall / RUNS, heard.events, heard.size)

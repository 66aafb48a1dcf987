"""What a thread leaves in memory when its run is finished."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.scenarios import Scenario, run_input
from benchmarks.server_process import Server
from benchmarks.stream_client import run

THREADS = 2000
PROMISED_KILOBYTES = 1.0
"""A finished thread, in units of 1000 bytes."""
_WARM_UP_THREADS = THREADS  # a heap grows by a megabyte at a time, and at first for other reasons
_AT_ONCE = 10
_SCENARIO = Scenario("", "short")


@dataclass(frozen=True)
class Kept:
    """Resident memory in units of 1,000,000 bytes, and what one thread added in 1000 bytes."""

    before_megabytes: float
    halfway_megabytes: float
    after_megabytes: float

    @property
    def kilobytes_a_thread(self) -> float:
        """What one thread added."""
        return (self.after_megabytes - self.before_megabytes) * 1000 / THREADS


async def measure(servers: Mapping[str, Server]) -> dict[str, Kept]:
    """Finish the threads on each server."""
    return {name: await _measure(server) for name, server in servers.items()}


async def _measure(server: Server) -> Kept:
    await _finish(server, _WARM_UP_THREADS)
    before = server.resident_megabytes()
    await _finish(server, THREADS // 2)
    halfway = server.resident_megabytes()
    await _finish(server, THREADS - THREADS // 2)
    return Kept(before, halfway, server.resident_megabytes())


async def _finish(server: Server, threads: int) -> None:
    for _ in range(0, threads, _AT_ONCE):
        await asyncio.gather(*(run(server.port, run_input(_SCENARIO)) for _ in range(_AT_ONCE)))

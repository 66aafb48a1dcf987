"""Measures the process itself: memory, open files, tasks, and the delay of its event loop."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from observability import catalog
from observability.recording import Recorder

LAG_SAMPLE_SECONDS = 0.25


@asynccontextmanager
async def measuring_process(
    to: Recorder, sample_seconds: float = LAG_SAMPLE_SECONDS
) -> AsyncIterator[None]:
    """Measure while the block runs; one task samples the delay of the event loop."""
    loop = asyncio.get_running_loop()
    to.gauge(catalog.PROCESS_MEMORY, lambda: _known(resident_bytes()))
    to.gauge(catalog.PROCESS_FILES, lambda: _known(open_files()))
    # Read by the exporter's thread: asyncio copies the set and tries again if it changed.
    to.gauge(catalog.PROCESS_TASKS, lambda: {"": float(len(asyncio.all_tasks(loop)))})
    sampler = asyncio.create_task(_sample_lag(to, sample_seconds), name="loop-lag")
    try:
        yield
    finally:
        sampler.cancel()
        await asyncio.wait({sampler})


def resident_bytes(statm: Path = Path("/proc/self/statm")) -> int | None:
    """Resident memory; None where the system does not tell."""
    try:
        pages = int(statm.read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_files(descriptors: Path = Path("/dev/fd")) -> int | None:
    """Open file descriptors; None where the system does not tell."""
    try:
        return sum(1 for _ in descriptors.iterdir())
    except OSError:
        return None


def _known(amount: int | None) -> Mapping[str, float]:
    return {} if amount is None else {"": amount}


async def _sample_lag(to: Recorder, sample_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due_at = loop.time() + sample_seconds
        await asyncio.sleep(sample_seconds)
        to.record(catalog.LOOP_LAG, max(0.0, loop.time() - due_at))

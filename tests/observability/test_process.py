import asyncio
import time
from pathlib import Path
from typing import Any

from observability import catalog
from observability.process import measuring_process, open_files, resident_bytes


async def test_the_process_and_its_loop_are_measured_while_the_block_runs(recorded: Any) -> None:
    sample = recorded.next_sample()
    async with measuring_process(recorded.recorder, sample_seconds=0.001), asyncio.timeout(5):
        await sample
        metrics = recorded.metrics()
    assert metrics["gateway.loop.lag"][()] >= 0
    assert metrics["gateway.process.rss"][()] > 1_000_000
    assert metrics["gateway.process.fds"][()] > 2
    assert metrics["gateway.process.tasks"][()] == 2
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"loop-lag"})


async def test_a_loop_that_is_held_up_shows_the_delay(recorded: Any) -> None:
    sample = recorded.next_sample(at_least=0.02)
    async with measuring_process(recorded.recorder, sample_seconds=0.001), asyncio.timeout(5):
        asyncio.get_running_loop().call_soon(time.sleep, 0.03)
        assert await sample >= 0.02


def test_a_system_without_proc_gives_no_sample(recorded: Any, tmp_path: Path) -> None:
    assert resident_bytes(tmp_path / "statm") is None
    assert open_files(tmp_path / "fd") is None
    recorded.recorder.gauge(catalog.PROCESS_MEMORY, dict)
    assert "gateway.process.rss" not in recorded.metrics()

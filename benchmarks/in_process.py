"""From a request's document to the frames of its answer, in one process and in turns."""

import asyncio
import gc
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.contenders import BARE, CONTENDERS, OURS, REFERENCE, Contender
from benchmarks.scenarios import SCENARIOS, Scenario

ROUNDS = 9
_WARM_UP_ROUNDS = 2
_DATA = b"data: "


@dataclass(frozen=True)
class Taken:
    """What one answer took."""

    cpu_seconds: float
    wall_seconds: float
    events: int
    size: int


def run() -> tuple[str, bool]:
    """Measure; give the section of the report and whether the promises were kept."""
    lines = [
        "## AG-UI in one process",
        "",
        "From the decoded document to the frames of Server-Sent Events, no network; the same "
        f"model for all, median of {ROUNDS} runs each, in turns.",
        "",
        "| answer | server | events | kB | CPU ms | wall ms | events/s | time / bare | "
        "gateway's events/s / its |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    missed: list[str] = []
    for scenario in SCENARIOS:
        medians = asyncio.run(_measure(scenario))
        lines += _rows(scenario, medians)
        missed += _missed(scenario, medians)
    promised = "; ".join(text for scenario in SCENARIOS for text in _promises(scenario))
    verdict = f"**Missed**: {'; '.join(missed)}." if missed else "The promise is kept."
    lines += ["", f"Promised: {promised}. {verdict}", ""]
    return "\n".join(lines), not missed


async def _measure(scenario: Scenario) -> Mapping[str, Taken]:
    taken: dict[str, list[Taken]] = {name: [] for name in CONTENDERS}
    for round_number in range(-_WARM_UP_ROUNDS, ROUNDS):
        for name, contender in CONTENDERS.items():
            once = await _once(contender, scenario)
            if round_number >= 0:
                taken[name].append(once)
    return {name: _median(each) for name, each in taken.items()}


async def _once(contender: Contender, scenario: Scenario) -> Taken:
    gc.collect()  # what one leaves behind is not the next one's to clear
    cpu, wall = time.process_time(), time.perf_counter()
    written = b"".join(await contender(scenario))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Taken(cpu, wall, written.count(_DATA), len(written))


def _median(taken: list[Taken]) -> Taken:
    return Taken(
        statistics.median(each.cpu_seconds for each in taken),
        statistics.median(each.wall_seconds for each in taken),
        taken[-1].events,
        taken[-1].size,
    )


def events_per_second(taken: Taken) -> float:
    """How many events a processor writes in a second."""
    return taken.events / taken.cpu_seconds


def _rows(scenario: Scenario, medians: Mapping[str, Taken]) -> list[str]:
    rows = []
    for name, each in medians.items():
        row = f"| {scenario.title} | {name} | "
        row += f"{each.events} | {each.size / 1000:.0f} | " if each.events else "| | "
        row += f"{each.cpu_seconds * 1000:.1f} | {each.wall_seconds * 1000:.1f} | "
        row += f"{events_per_second(each):,.0f} | " if each.events else "| "
        row += f"{each.cpu_seconds / medians[BARE].cpu_seconds:.2f} | "
        row += f"{_speed(medians, name):.1f} |" if each.events else "|"
        rows.append(row)
    return rows


def _speed(medians: Mapping[str, Taken], beside: str) -> float:
    return events_per_second(medians[OURS]) / events_per_second(medians[beside])


def _promises(scenario: Scenario) -> list[str]:
    promises = []
    if scenario.times_the_reference:
        promises.append(f"{scenario.title}: ≥ {scenario.times_the_reference:g} × the reference")
    if scenario.times_bare:
        promises.append(f"{scenario.title}: ≤ {scenario.times_bare:g} × the time of bare strands")
    return promises


def _missed(scenario: Scenario, medians: Mapping[str, Taken]) -> list[str]:
    missed = []
    speed = _speed(medians, REFERENCE)
    if speed < scenario.times_the_reference:
        missed.append(f"{scenario.title}: {speed:.1f} × the reference")
    share = medians[OURS].cpu_seconds / medians[BARE].cpu_seconds
    if scenario.times_bare and share > scenario.times_bare:
        missed.append(f"{scenario.title}: {share:.2f} × the time of bare strands")
    return missed

"""AG-UI over HTTP: the gateway beside ``ag_ui_strands`` with FastAPI, both with the fast model."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from benchmarks import crowd, finished_threads, over_http
from benchmarks.crowd import Crowd
from benchmarks.finished_threads import Kept
from benchmarks.over_http import Served
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.server_process import Server, serve

OURS, REFERENCE = "Agent Gateway", "`ag_ui_strands` + FastAPI"


def run() -> tuple[str, bool]:
    """Measure; give the sections of the report and whether the promises were kept."""
    with _servers() as servers:
        runs = [
            (scenario, asyncio.run(over_http.measure(scenario, servers))) for scenario in SCENARIOS
        ]
        crowds = asyncio.run(crowd.measure(servers))
    with _servers() as servers:  # new ones: what a crowd has freed would hide what threads take
        kept = asyncio.run(finished_threads.measure(servers))
    sections = (_runs(runs), _crowds(crowds), _threads(kept))
    return "\n".join(text for text, _ in sections), all(is_kept for _, is_kept in sections)


@contextmanager
def _servers() -> Iterator[Mapping[str, Server]]:
    with (
        serve(["-m", "benchmarks.servers.gateway_fast"]) as ours,
        serve(["-m", "benchmarks.servers.ag_ui_strands_fast"]) as reference,
    ):
        yield {OURS: ours, REFERENCE: reference}


def _runs(runs: Sequence[tuple[Scenario, Mapping[str, Served]]]) -> tuple[str, bool]:
    lines = [
        "## AG-UI over HTTP",
        "",
        "Real servers on loopback, no access log of the reference; CPU of the server's process, "
        f"median of {over_http.ROUNDS} rounds of {over_http.RUNS} runs each, in turns. What comes "
        "one by one is written one by one by both: HTTP and the socket then cost both the same.",
        "",
        "| answer | server | events | kB | CPU ms | wall ms | events/s of CPU | "
        "gateway's events/s / its |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    promises, missed = [], []
    for scenario, served in runs:
        lines += [_row(scenario, name, served) for name in served]
        ratio = _ratio(served, REFERENCE)
        if scenario.times_the_reference:
            promises.append(f"{scenario.title}: ≥ {scenario.times_the_reference:g} ×")
            if ratio < scenario.times_the_reference:
                missed.append(f"{scenario.title}: {ratio:.1f} ×")
    lines += ["", f"Promised: {'; '.join(promises)}. {_verdict(missed)}", ""]
    return "\n".join(lines), not missed


def _row(scenario: Scenario, name: str, served: Mapping[str, Served]) -> str:
    each = served[name]
    return (
        f"| {scenario.title} | {name} | {each.events} | {each.size / 1000:.0f} "
        f"| {each.cpu_seconds * 1000:.1f} | {each.wall_seconds * 1000:.1f} "
        f"| {each.events_per_second:,.0f} | {_ratio(served, name):.1f} |"
    )


def _ratio(served: Mapping[str, Served], beside: str) -> float:
    return served[OURS].events_per_second / served[beside].events_per_second


def _crowds(crowds: Mapping[str, Crowd]) -> tuple[str, bool]:
    lines = [
        f"## {crowd.RUNS} AG-UI runs at once",
        "",
        f"Begun in the same moment on threads and connections of their own, {crowd.ROUNDS} rounds, "
        "40 deltas 50 ms apart; milliseconds from the connection on, in the client, which shares "
        "the machine.",
        "",
        "| server | first event p50 | p99 | first words p50 | p99 | slowest run | CPU s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, each in crowds.items():
        seconds = (
            each.first_event_p50,
            each.first_event_p99,
            each.first_words_p50,
            each.first_words_p99,
            each.slowest_run,
        )
        shown = " | ".join(f"{value * 1000:,.0f}" for value in seconds)
        lines.append(f"| {name} | {shown} | {each.cpu_seconds:.2f} |")
    is_kept = crowds[OURS].first_event_p99 <= crowd.PROMISED_SECONDS
    promise = f"Promised: first event p99 ≤ {crowd.PROMISED_SECONDS * 1000:.0f} ms. "
    lines += ["", promise + _verdict([] if is_kept else ["first event p99"]), ""]
    return "\n".join(lines), is_kept


def _threads(kept: Mapping[str, Kept]) -> tuple[str, bool]:
    lines = [
        "## Memory of finished AG-UI threads",
        "",
        f"Resident MB of a new server, after {finished_threads.THREADS} threads of one question "
        "and one answer, and after as many more.",
        "",
        "| server | MB before | halfway | after | kB a finished thread |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {each.before_megabytes:.1f} | {each.halfway_megabytes:.1f} "
        f"| {each.after_megabytes:.1f} | {each.kilobytes_a_thread:.2f} |"
        for name, each in kept.items()
    ]
    ours = kept[OURS].kilobytes_a_thread
    is_kept = ours <= finished_threads.PROMISED_KILOBYTES
    promise = f"Promised: ≤ {finished_threads.PROMISED_KILOBYTES:g} kB a finished thread. "
    lines += ["", promise + _verdict([] if is_kept else [f"{ours:.1f} kB"]), ""]
    return "\n".join(lines), is_kept


def _verdict(missed: list[str]) -> str:
    return f"**Missed**: {'; '.join(missed)}." if missed else "The promise is kept."

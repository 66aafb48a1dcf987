"""WebRTC calls: the gateway beside others with the same echo, called by the same callers.

``python -m benchmarks.calls`` runs this part alone and prints its section.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks import in_chromium
from benchmarks.call_servers import OBVIOUS, OURS, CallServer, answering, servers

ROUNDS = 3
SECONDS = 8.0
CALLS = 10
MANY_CALLS = 30
SWEEP = (1, 5, 10, 20, 30, 40)
LOST_PACKET = 120  # of a caller: before the time that is measured
LEAST_PACKETS = 49.5
MOST_LATE_MS = 20.0
MOST_ADDED_MS = 30.0
MOST_SILENCE_MS = 100.0
CPU_OF_THE_OBVIOUS = 0.4
CPU_OF_THE_OBVIOUS_WHEN_SILENT = 0.2


@dataclass(frozen=True)
class Plan:
    """Who calls: as ``call_load`` takes it."""

    calls: int = CALLS
    said: str = "speech"
    bot: str = "echo"
    lost: tuple[int, ...] = ()
    seconds: float = SECONDS


@dataclass(frozen=True)
class Called:
    """What came of it; packets a second of the worst call, milliseconds, CPU of one call."""

    cpu_ms: float
    received: float
    late_p99_ms: float
    trip_p50_ms: float
    trip_p95_ms: float
    cuts: int
    silence_p95_ms: float
    connect_p50_ms: float


@dataclass
class Report:
    """The section as it grows."""

    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def table(self, title: str, note: str, head: str, rows: Sequence[str]) -> None:
        """Add a table."""
        bars = "|---" + "|---:" * (head.count("|") - 2) + "|"
        self.lines += [f"### {title}", "", note, "", head, bars, *rows, ""]

    def promise(self, what: str, is_kept: bool) -> None:
        """Note a promise that was missed."""
        if not is_kept:
            self.missed.append(what)


def run() -> tuple[str, bool]:
    """Measure; give the section of the report and whether the promises were kept."""
    present = servers()
    report = Report()
    _cost(report, present)
    _many(report)
    _round_trips(report, present)
    _interruptions(report)
    lines, missed = in_chromium.measure()
    report.lines += lines
    report.missed += missed
    promised = (
        f"CPU of a call ≤ {CPU_OF_THE_OBVIOUS:g} × the obvious server's, "
        f"≤ {CPU_OF_THE_OBVIOUS_WHEN_SILENT:g} × with a silent bot; {MANY_CALLS} calls with "
        f"≥ {LEAST_PACKETS:g} packets/s and ≤ {MOST_LATE_MS:g} ms late at p99; round trip of a "
        f"sound through the server, which holds all that is added to the model's, "
        f"≤ {MOST_ADDED_MS:g} ms at p95, and ≤ {in_chromium.MOST_ROUND_TRIP_MS:g} ms as Chromium "
        "hears it, also after a lost packet; silence "
        f"≤ {MOST_SILENCE_MS:g} ms after an interruption at p95"
    )
    verdict = (
        f"**Missed**: {'; '.join(report.missed)}." if report.missed else "The promise is kept."
    )
    head = [
        "## WebRTC calls",
        "",
        "Callers in a process of their own send ready Opus packets, 50 a second each; the bot of "
        "each server says what it hears, at 24 kHz, without a pause. CPU is the server's own; late "
        "is each packet against the earliest by its RTP time, as the callers see it. They share "
        "the machine: where that was busy, everybody is late.",
        "",
    ]
    return "\n".join(
        [*head, *report.lines, f"Promised: {promised}. {verdict}", ""]
    ), not report.missed


def _cost(report: Report, servers: Sequence[CallServer]) -> None:
    """Ten calls, a bot that speaks and one that does not."""
    taken: dict[tuple[bool, str], list[Called]] = {}
    for _ in range(ROUNDS):
        for is_silent in (False, True):
            for server in servers:
                called = measure(server, Plan(bot="silent" if is_silent else "echo"))
                taken.setdefault((is_silent, server.name), []).append(called)
    rows = []
    for (is_silent, name), each in taken.items():
        cpu = _median_cpu(each)
        ratio = _median_cpu(taken[is_silent, OURS.name]) / cpu
        packets = "" if is_silent else f"{min(called.received for called in each):.1f}"
        bot = "silent" if is_silent else "speaks"
        rows.append(f"| {name} | {bot} | {cpu:.1f} | {ratio:.2f} | {packets} |")
        if name == OBVIOUS.name:
            most = CPU_OF_THE_OBVIOUS_WHEN_SILENT if is_silent else CPU_OF_THE_OBVIOUS
            report.promise(f"CPU, bot {bot}: {ratio:.2f} ×", round(ratio, 2) <= most)
    report.table(
        f"CPU of {CALLS} calls",
        f"CPU milliseconds for each second of a call, median of {ROUNDS} rounds, in turns.",
        "| server | bot | CPU ms | gateway's / its | packets/s back |",
        rows,
    )


def _many(report: Report) -> None:
    """More and more calls in one process."""
    rows = []
    for server in (OURS, OBVIOUS):
        for calls in SWEEP:
            called = measure(server, Plan(calls=calls))
            rows.append(
                f"| {server.name} | {calls} | {called.cpu_ms:.1f} "
                f"| {called.cpu_ms * calls / 10:.0f} | {called.received:.1f} "
                f"| {called.late_p99_ms:.0f} | {called.connect_p50_ms:.0f} |"
            )
            if server is OURS and calls == MANY_CALLS:
                report.promise(f"{called.received:.1f} packets/s", called.received >= LEAST_PACKETS)
                is_on_time = called.late_p99_ms <= MOST_LATE_MS
                report.promise(f"{called.late_p99_ms:.0f} ms late at p99", is_on_time)
    report.table(
        "Calls in one process",
        "All of them speak and are spoken to without a pause.",
        "| server | calls | CPU ms a call and second | % of a core | packets/s back, worst call "
        "| late p99, ms | connected after, ms |",
        rows,
    )


def _round_trips(report: Report, servers: Sequence[CallServer]) -> None:
    """One call: a short sound each second, and when it comes back."""
    rows = []
    for server in servers:
        for lost in ((), (LOST_PACKET,)):
            called = measure(server, Plan(calls=1, said="beeps", lost=lost, seconds=12))
            rows.append(
                f"| {server.name} | {'one packet' if lost else 'nothing'} "
                f"| {called.trip_p50_ms:.0f} | {called.trip_p95_ms:.0f} |"
            )
            if server is OURS:
                is_quick = called.trip_p95_ms <= MOST_ADDED_MS
                report.promise(f"round trip p95 {called.trip_p95_ms:.0f} ms", is_quick)
    report.table(
        "Round trip of a sound through the server",
        "From its first packet to the first loud packet back, both on this machine: jitter buffer, "
        "decoder, model, encoder and pacing. A packet lost before is lost once.",
        "| server | lost before | p50, ms | p95, ms |",
        rows,
    )


def _interruptions(report: Report) -> None:
    """A word a second over a voice that was given faster than real time."""
    called = measure(OURS, Plan(said="beeps", bot="interrupted", seconds=12))
    silence_ms = called.silence_p95_ms
    report.table(
        "From an interruption to silence",
        f"{CALLS} calls. From the first packet of a caller's word to the last loud packet of the "
        "voice that it cuts off; the model hears the word and says so at once. The obvious server "
        "has nothing that cuts: it plays what it was given to its end.",
        "| server | interruptions | p95, ms |",
        [f"| {OURS.name} | {called.cuts} | {silence_ms:.0f} |"],
    )
    report.promise(f"silence after {silence_ms:.0f} ms", silence_ms <= MOST_SILENCE_MS)


def measure(server: CallServer, plan: Plan) -> Called:
    """Call a new server and note what it takes."""
    with answering(server, plan.bot) as process:
        told = asdict(plan) | {"url": f"http://127.0.0.1:{process.port}", "wire": server.wire}
        command = [sys.executable, "-m", "benchmarks.call_load", json.dumps(told)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as callers:
            _expect(callers, "begin")
            before = process.cpu_seconds()
            _expect(callers, "end")
            cpu_seconds = process.cpu_seconds() - before
            found = json.loads(_line(callers))
    return Called(
        cpu_ms=cpu_seconds / plan.seconds / plan.calls * 1000,
        **{name: found[name] for name in Called.__dataclass_fields__ if name != "cpu_ms"},
    )


def _expect(callers: "subprocess.Popen[str]", word: str) -> None:
    if _line(callers) != word:
        raise RuntimeError("the callers have failed; their error is above")


def _line(callers: "subprocess.Popen[str]") -> str:
    return callers.stdout.readline().strip() if callers.stdout is not None else ""


def _median_cpu(called: Sequence[Called]) -> float:
    return statistics.median(each.cpu_ms for each in called)


if __name__ == "__main__":
    section, is_kept = run()
    print(section)
    sys.exit(0 if is_kept else 1)

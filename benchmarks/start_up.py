"""From process start to the first healthy ``/ping``: CPU seconds and resident memory.

The servers take turns and the median of the rounds is told.
"""

import statistics
import time
from dataclasses import dataclass

from benchmarks.server_process import serve

ROUNDS = 5
PROMISED_CPU_SECONDS = 3.5
PROMISED_MEGABYTES = 130
OURS = "Agent Gateway"
SERVERS: dict[str, list[str]] = {
    OURS: ["-m", "gateway", "serve"],
    "bare Litestar, `/ping` only": ["-m", "benchmarks.servers.bare_litestar"],
    "`bedrock_agentcore` app, echo": ["-m", "benchmarks.servers.agentcore_echo"],
    "`bedrock_agentcore` app, strands agent": ["-m", "benchmarks.servers.agentcore_strands"],
}


@dataclass(frozen=True)
class Start:
    """One start of one server."""

    cpu_seconds: float
    wall_seconds: float
    megabytes: float


def run() -> tuple[str, bool]:
    """Measure all servers; give the section of the report and whether the promise was kept."""
    for arguments in SERVERS.values():
        measure(arguments)  # the first start may compile; it does not count
    starts: dict[str, list[Start]] = {name: [] for name in SERVERS}
    for _ in range(ROUNDS):
        for name, arguments in SERVERS.items():
            starts[name].append(measure(arguments))
    medians = {name: median(measured) for name, measured in starts.items()}
    ours = medians[OURS]
    lines = [
        "## Start to the first healthy `/ping`",
        "",
        f"Median of {ROUNDS} starts each, in turns. Promised: at most {PROMISED_CPU_SECONDS} s of "
        f"CPU and {PROMISED_MEGABYTES} MB resident before a voice model is loaded.",
        "",
        "| server | CPU s | wall s | resident MB | gateway's CPU / its | gateway's MB / its |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {each.cpu_seconds:.2f} | {each.wall_seconds:.2f} | {each.megabytes:.0f} "
        f"| {ours.cpu_seconds / each.cpu_seconds:.2f} | {ours.megabytes / each.megabytes:.2f} |"
        for name, each in medians.items()
    ]
    kept = ours.cpu_seconds <= PROMISED_CPU_SECONDS and ours.megabytes <= PROMISED_MEGABYTES
    lines += ["", f"The promise is {'kept' if kept else '**missed**'}.", ""]
    return "\n".join(lines), kept


def median(starts: list[Start]) -> Start:
    """The median of each figure."""
    return Start(
        statistics.median(start.cpu_seconds for start in starts),
        statistics.median(start.wall_seconds for start in starts),
        statistics.median(start.megabytes for start in starts),
    )


def measure(arguments: list[str]) -> Start:
    """Start a server, wait until it is healthy, read its figures and end it."""
    begun = time.monotonic()
    with serve(arguments) as server:
        wall_seconds = time.monotonic() - begun
        return Start(server.cpu_seconds(), wall_seconds, server.resident_megabytes())

"""From process start to the first healthy ``/ping``: CPU seconds and resident memory.

CPU seconds and memory are the process's own, so a neighbour on the machine does not change them.
The servers take turns and the median of the rounds is told. Reads ``/proc``, so it needs Linux.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5
START_SECONDS = 30
PROMISED_CPU_SECONDS = 3.5
PROMISED_MEGABYTES = 130
OURS = "Agent Gateway"
# Each is started from the root of the repository with its port in the environment.
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
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GATEWAY_", "OTEL_", "COVERAGE_", "PYTHON"))
    }
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment | {"GATEWAY_PORT": str(port), "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(process, port)
        wall_seconds = time.monotonic() - begun
        return Start(cpu_seconds(process.pid), wall_seconds, resident_megabytes(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    """Return at the first 200 of ``/ping``."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.01)
    raise RuntimeError(f"not healthy within {START_SECONDS} s: {process.args!r}")


def cpu_seconds(process_id: int) -> float:
    """User and system time of the process and of what it has already ended."""
    # The name of the program may hold spaces; it ends with the last parenthesis.
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(process_id: int) -> float:
    """Resident set, in units of 1,000,000 bytes."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

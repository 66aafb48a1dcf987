"""A server in a process of its own, and what it has taken of the machine.

CPU seconds and memory are the process's own, so a neighbour on the machine does not change them.
Reads ``/proc`` and the processes' clocks, so it needs Linux.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30
_STOP_SECONDS = 10
_FOREIGN = ("GATEWAY_", "OTEL_", "COVERAGE_", "PYTHON")


@dataclass(frozen=True)
class Server:
    """A server that is healthy."""

    process_id: int
    port: int

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        # How Linux numbers the CPU clock of a process (clock_getcpuclockid).
        return time.clock_gettime((~self.process_id << 3) | 2)

    def resident_megabytes(self) -> float:
        """Resident set, in units of 1,000,000 bytes."""
        pages = int(Path(f"/proc/{self.process_id}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def serve(
    arguments: list[str], *, python: str = sys.executable, **settings: str
) -> Iterator[Server]:
    """Start a server from the root of the repository; yields it at its first healthy ``/ping``.

    Args:
        arguments: of the interpreter.
        python: the interpreter.
        settings: variables of its environment, beside its port.
    """
    port = _free_port()
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
    process = subprocess.Popen(
        [python, *arguments],
        env=kept | {"GATEWAY_PORT": str(port), "PORT": str(port)} | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(process, port)
        yield Server(process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    """Return at the first 200 of ``/ping``."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.01)
    raise RuntimeError(f"not healthy within {START_SECONDS} s: {process.args!r}")


def _free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

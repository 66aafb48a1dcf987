"""What a caller in a browser notices of a server: how long a sound takes to come back.

Needs Chromium, Node and the packages of the tests (``make test`` installs them); without, the
section says so.
"""

import json
import math
import shutil
import statistics
import subprocess
import tempfile
from array import array
from itertools import product
from pathlib import Path

from benchmarks.call_servers import OBVIOUS, OURS, CallServer, answering
from protocols.audio import write_wav

SECONDS = 18
SETTLED = 3  # the first beeps do not count
LOST_BY = 7  # beeps, when a packet was lost (``servers.losing``)
MOST_ROUND_TRIP_MS = 70.0
MODULES = Path(__file__).parents[1] / "tests" / "node"
SCRIPT = Path(__file__).with_name("echo_in_chromium.mjs")
RATE = 48_000
BEEP_SECONDS = 0.06


def measure() -> tuple[list[str], list[str]]:
    """Measure both; give the lines of the report and the promises that were missed."""
    title = ["### Round trip as Chromium hears it", ""]
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if node is None or chromium is None or not (MODULES / "node_modules").exists():
        return [
            *title,
            "Not measured: Chromium, Node or the packages of the tests are missing.",
            "",
        ], []
    lines = [
        *title,
        f"A beep of {BEEP_SECONDS * 1000:.0f} ms a second from a fake microphone until it is "
        "heard, in one audio context. Some 45 ms of it are the browser's own. A packet that is "
        "lost is lost once, in a beep before those that count.",
        "",
        "| server | lost before | beeps | p50, ms | worst, ms |",
        "|---|---|---:|---:|---:|",
    ]
    missed = []
    for server, loses in product((OURS, OBVIOUS), (False, True)):
        trips = _trips(server, node, chromium, loses=loses)
        lost = "one packet" if loses else "nothing"
        middle = statistics.median(trips) if trips else math.inf
        worst = max(trips, default=math.inf)
        lines.append(f"| {server.name} | {lost} | {len(trips)} | {middle:.0f} | {worst:.0f} |")
        if server is OURS and middle > MOST_ROUND_TRIP_MS:
            missed.append(f"round trip in Chromium, {lost} lost, {middle:.0f} ms")
    return [*lines, ""], missed


def _trips(server: CallServer, node: str, chromium: str, *, loses: bool) -> list[float]:
    """The round trips that count, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder, answering(server, loses=loses) as process:
        wav = Path(folder) / "beeps.wav"
        wav.write_bytes(write_wav(_beeps(), RATE))
        url = f"http://127.0.0.1:{process.port}"
        arguments = [url, server.wire, str(wav), chromium, str(SECONDS), str(MODULES)]
        done = subprocess.run(
            [node, SCRIPT, *arguments], capture_output=True, text=True, timeout=120, check=True
        )
    trips: list[float] = json.loads(done.stdout)
    return trips[LOST_BY if loses else SETTLED :]


def _beeps() -> bytes:
    """Ten seconds with a beep in each."""
    beep = array(
        "h",
        (round(12_000 * math.sin(2 * math.pi * 880 * i / RATE)) for i in range(_samples())),
    ).tobytes()
    return (beep + bytes(2 * (RATE - _samples()))) * 10


def _samples() -> int:
    return round(BEEP_SECONDS * RATE)

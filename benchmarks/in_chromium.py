"""What a caller in a browser notices: how long a sound takes to come back, a voice to fall silent.

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
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.call_servers import OBVIOUS, OURS, CallServer, answering
from protocols.audio import write_wav

SECONDS = 18
CALLS = 3  # a browser settles on a delay of its own in each
SETTLED = 3  # the first beeps do not count
LOST_BY = 7  # beeps, when a packet was lost (``servers.losing``)
MOST_ROUND_TRIP_MS = 70.0
MODULES = Path(__file__).parents[1] / "tests" / "node"
SCRIPT = Path(__file__).with_name("echo_in_chromium.mjs")
RATE = 48_000
BEEP_SECONDS = 0.06


@dataclass(frozen=True)
class Heard:
    """Milliseconds, one figure a beep: until it came back; for how long a voice went on over it."""

    trips: list[float]
    silences: list[float]


def is_here() -> bool:
    """Tell whether there is all that a browser needs."""
    return None not in _programs() and (MODULES / "node_modules").exists()


def measure() -> tuple[list[str], list[str]]:
    """Measure; give the lines of the report and the promises that were missed."""
    title = ["### As Chromium hears it", ""]
    if not is_here():
        missing = "Not measured: Chromium, Node or the packages of the tests are missing."
        return [*title, missing, ""], []
    lines = [
        *title,
        f"A beep of {BEEP_SECONDS * 1000:.0f} ms a second from a fake microphone until it is "
        f"heard, in one audio context, over {CALLS} calls: the browser settles on a delay of its "
        "own in each, 45 ms and more. A packet that is lost is lost once a call, in a beep before "
        "those that count.",
        "",
        "| server | lost before | beeps | p50, ms | worst, ms |",
        "|---|---|---:|---:|---:|",
    ]
    missed = []
    for server, loses in product((OURS, OBVIOUS), (False, True)):
        first = LOST_BY if loses else SETTLED
        calls = [listen(server, loses=loses).trips[first:] for _ in range(CALLS)]
        trips = [trip for call in calls for trip in call]
        lost = "one packet" if loses else "nothing"
        middle, worst = _middle_and_worst(trips)
        lines.append(f"| {server.name} | {lost} | {len(trips)} | {middle:.0f} | {worst:.0f} |")
        if server is OURS and middle > MOST_ROUND_TRIP_MS:
            missed.append(f"round trip in Chromium, {lost} lost, {middle:.0f} ms")
    silences = listen(OURS, bot="interrupted").silences[SETTLED:]
    middle, worst = _middle_and_worst(silences)
    lines += [
        "",
        f"A voice of {OURS.name} went on for {middle:.0f} ms (p50; worst {worst:.0f}) after the "
        f"beginning of a beep that interrupted it, {len(silences)} times.",
    ]
    return [*lines, ""], missed


def listen(server: CallServer, *, bot: str = "echo", loses: bool = False) -> Heard:
    """Let the browser call a new server; see ``call_servers.answering``."""
    node, chromium = _programs()
    with (
        tempfile.TemporaryDirectory() as folder,
        answering(server, bot, loses=loses) as process,
    ):
        wav = Path(folder) / "beeps.wav"
        wav.write_bytes(write_wav(_beeps(), RATE))
        url = f"http://127.0.0.1:{process.port}"
        arguments = [url, server.wire, str(wav), str(chromium), str(SECONDS), str(MODULES)]
        done = subprocess.run(
            [str(node), SCRIPT, *arguments], capture_output=True, text=True, timeout=120, check=True
        )
    return Heard(**json.loads(done.stdout))


def _programs() -> tuple[str | None, str | None]:
    return shutil.which("node"), shutil.which("chromium")


def _middle_and_worst(figures: list[float]) -> tuple[float, float]:
    return (statistics.median(figures), max(figures)) if figures else (math.inf, math.inf)


def _beeps() -> bytes:
    """Ten seconds with a beep in each."""
    beep = array(
        "h",
        (round(12_000 * math.sin(2 * math.pi * 880 * i / RATE)) for i in range(_samples())),
    ).tobytes()
    return (beep + bytes(2 * (RATE - _samples()))) * 10


def _samples() -> int:
    return round(BEEP_SECONDS * RATE)

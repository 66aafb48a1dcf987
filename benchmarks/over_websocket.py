"""``/ws``: the gateway beside ``bedrock_agentcore`` apps, and what connections cost that idle.

The gateway's sound goes through a strands agent with a voice model that says what it hears, as that
of the last app does; the echo app's handler sends back what it was sent.
``python -m benchmarks.over_websocket`` runs this part alone; ``BENCH_SECONDS`` shortens it.
"""

import asyncio
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.server_process import Server, serve
from benchmarks.websocket_client import FRAMES_PER_SECOND, JSON, NATIVE, Said, Wire, idle, speak

OURS, REFERENCE = "Agent Gateway", "`bedrock_agentcore` app, echo"
FAST = "`bedrock_agentcore` app, echo, uvloop added"
ALIKE = "`bedrock_agentcore` app, strands agent"
SPEAKERS = 50
IDLE = 1_000
SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
PROMISED_KIBIBYTES = 60.0
"""Of one idle connection."""
PROMISED_DELAY_SECONDS = 0.06
"""For 99 of 100 pieces of sound."""

_WARM_UP_SECONDS = 2.0


@dataclass(frozen=True)
class Spoken:
    """What came of all speakers; CPU is the server's."""

    sent: int
    missed: int
    delay_p50: float
    delay_p99: float
    cpu_seconds: float

    @property
    def messages_per_core(self) -> float:
        """Messages in and out that a second of one core carries."""
        return 2 * self.sent / self.cpu_seconds


def run() -> tuple[str, bool]:
    """Measure; give the section of the report and whether the promises were kept."""
    with (
        serve(["-m", "benchmarks.servers.call_gateway"], GATEWAY_MAX_TURNS="2000") as ours,
        serve(["-m", "benchmarks.servers.agentcore_websocket"]) as reference,
        serve(["-m", "benchmarks.servers.agentcore_websocket"], LOOP="uvloop") as fast,
        serve(["-m", "benchmarks.servers.agentcore_voice"]) as alike,
    ):
        spoken = {
            OURS: asyncio.run(_speak(ours, NATIVE)),
            REFERENCE: asyncio.run(_speak(reference, JSON)),
            FAST: asyncio.run(_speak(fast, JSON)),
            ALIKE: asyncio.run(_speak(alike, JSON)),
        }
    with serve(["-m", "benchmarks.servers.call_gateway"]) as ours:
        kibibytes = asyncio.run(_idle(ours))
    return _section(spoken, kibibytes)


async def _speak(server: Server, wire: Wire) -> Spoken:
    await _all_speak(server, wire, _WARM_UP_SECONDS)
    before = server.cpu_seconds()
    said = await _all_speak(server, wire, SECONDS)
    delays = sorted(delay for each in said for delay in each.delays)
    return Spoken(
        sum(each.sent for each in said),
        sum(each.missed for each in said),
        _percentile(delays, 50),
        _percentile(delays, 99),
        server.cpu_seconds() - before,
    )


async def _all_speak(server: Server, wire: Wire, seconds: float) -> Sequence[Said]:
    speakers = (speak(server.port, wire, seconds, index / SPEAKERS) for index in range(SPEAKERS))
    return await asyncio.gather(*speakers)


async def _idle(server: Server) -> float:
    warm = await idle(server.port, 50)
    before = server.resident_megabytes()
    opened = await idle(server.port, IDLE)
    grown = server.resident_megabytes() - before
    await asyncio.gather(*(socket.close() for socket in (*warm, *opened)))
    return grown * 1e6 / 1024 / IDLE


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def _section(spoken: dict[str, Spoken], kibibytes: float) -> tuple[str, bool]:
    ours, reference = spoken[OURS], spoken[REFERENCE]
    lines = [
        "## Voice over WebSocket",
        "",
        f"{SPEAKERS} speakers, {FRAMES_PER_SECOND} messages of 20 ms of sound a second each way, "
        f"{SECONDS:g} s; delay from a piece being sent to its echo, in a client that shares the "
        "machine. The gateway is spoken to in binary frames, the apps in JSON, as their samples "
        "do. The gateway and the last app ask a strands agent whose voice is an echo; the echo app "
        "sends back what it was sent, and asks nobody. The gateway brings uvloop; the apps run on "
        "asyncio, as their package installs them, but for the one that was given it.",
        "",
        "| server | sent | never heard | delay p50 ms | p99 ms | CPU s | messages/s of CPU | "
        "gateway's messages/s / its |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, each in spoken.items():
        ratio = ours.messages_per_core / each.messages_per_core
        lines.append(
            f"| {name} | {each.sent:,} | {each.missed} | {each.delay_p50 * 1000:.1f} "
            f"| {each.delay_p99 * 1000:.1f} | {each.cpu_seconds:.1f} "
            f"| {each.messages_per_core:,.0f} | {ratio:.2f} |"
        )
    faults = {
        f"{ours.missed} pieces were never heard": ours.missed > 0,
        f"delay p99 {ours.delay_p99 * 1000:.0f} ms": ours.delay_p99 > PROMISED_DELAY_SECONDS,
        "messages/s of CPU": ours.messages_per_core < reference.messages_per_core,
        f"{kibibytes:.0f} KiB an idle connection": kibibytes > PROMISED_KIBIBYTES,
    }
    missed = [fault for fault, happened in faults.items() if happened]
    lines += [
        "",
        f"{IDLE:,} idle connections, each with a session: {kibibytes:.1f} KiB each.",
        "",
        f"Promised: every piece heard; p99 ≤ {PROMISED_DELAY_SECONDS * 1000:.0f} ms; at least the "
        f"echo app's messages/s of CPU; ≤ {PROMISED_KIBIBYTES:g} KiB an idle connection. "
        + (f"**Missed**: {'; '.join(missed)}." if missed else "The promise is kept."),
        "",
    ]
    return "\n".join(lines), not missed


if __name__ == "__main__":
    print(run()[0])

"""``/ws``: the gateway beside ``bedrock_agentcore`` apps, and what connections cost that idle.

The gateway's sound goes through a strands agent with a voice model that says what it hears, as that
of the last app does; the echo app's handler sends back what it was sent.
``python -m benchmarks.over_websocket`` runs this part alone; ``BENCH_SECONDS`` shortens it.
"""

import asyncio
import math
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.server_process import Server, serve
from benchmarks.websocket_client import FRAMES_PER_SECOND, JSON, NATIVE, Said, Wire, idle, speak

OURS, REFERENCE = "Agent Gateway", "`bedrock_agentcore` app, echo"
FAST = "`bedrock_agentcore` app, echo, uvloop added"
ALIKE = "`bedrock_agentcore` app, strands agent"
SPEAKERS = 50
IDLE = 1_000
ROUNDS = 5
SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
PROMISED_KIBIBYTES = 60.0
"""Of one idle connection."""
PROMISED_DELAY_MS = 60.0
"""For 99 of 100 pieces of sound."""

_WARM_UP_SECONDS = 2.0


@dataclass(frozen=True)
class Spoken:
    """What came of all speakers in one or more rounds; CPU is the server's."""

    sent: int
    missed: int
    delays: Sequence[float]
    messages_per_core: Sequence[float]
    """Messages in and out that a second of one core carries, each round."""

    @property
    def rate(self) -> float:
        """Messages a second of CPU, the median of the rounds."""
        return statistics.median(self.messages_per_core)

    def delay_ms(self, percent: int) -> float:
        """The delay that so many of a hundred pieces keep."""
        ordered = sorted(self.delays)
        return ordered[math.ceil(len(ordered) * percent / 100) - 1] * 1000


def run() -> tuple[str, bool]:
    """Measure; give the section of the report and whether the promises were kept."""
    with (
        serve(["-m", "benchmarks.servers.call_gateway"], GATEWAY_MAX_TURNS="2000") as ours,
        serve(["-m", "benchmarks.servers.agentcore_websocket"]) as reference,
        serve(["-m", "benchmarks.servers.agentcore_websocket"], LOOP="uvloop") as fast,
        serve(["-m", "benchmarks.servers.agentcore_voice"]) as alike,
    ):
        alone = asyncio.run(_speak(ours, NATIVE, SECONDS))
        servers = {OURS: ours, REFERENCE: reference, FAST: fast, ALIKE: alike}
        rounds: dict[str, list[Spoken]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, server in servers.items():
                wire = NATIVE if name == OURS else JSON
                rounds[name].append(asyncio.run(_speak(server, wire, SECONDS / ROUNDS)))
    with serve(["-m", "benchmarks.servers.call_gateway"]) as ours:
        kibibytes = asyncio.run(_idle(ours))
    return _section(alone, {name: _joined(each) for name, each in rounds.items()}, kibibytes)


async def _speak(server: Server, wire: Wire, seconds: float) -> Spoken:
    await _all_speak(server, wire, _WARM_UP_SECONDS)
    before = server.cpu_seconds()
    said = await _all_speak(server, wire, seconds)
    cpu_seconds = server.cpu_seconds() - before
    sent = sum(each.sent for each in said)
    delays = [delay for each in said for delay in each.delays]
    missed = sum(each.missed for each in said)
    return Spoken(sent, missed, delays, [2 * sent / cpu_seconds])


def _joined(rounds: Sequence[Spoken]) -> Spoken:
    return Spoken(
        sum(each.sent for each in rounds),
        sum(each.missed for each in rounds),
        [delay for each in rounds for delay in each.delays],
        [rate for each in rounds for rate in each.messages_per_core],
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


def _section(alone: Spoken, spoken: dict[str, Spoken], kibibytes: float) -> tuple[str, bool]:
    ours, reference = spoken[OURS], spoken[REFERENCE]
    lines = [
        "## Voice over WebSocket",
        "",
        f"{SPEAKERS} speakers, {FRAMES_PER_SECOND} messages of 20 ms of sound a second each way; "
        "delay from a piece being sent to its echo, in a client that shares the machine. The "
        "gateway is spoken to in binary frames, the apps in JSON, as their samples do. The gateway "
        "and the last app ask a strands agent whose voice is an echo; the echo app sends back what "
        "it was sent, and asks nobody. The gateway brings uvloop; the apps run on asyncio, as "
        f"their package installs them, but for the one that was given it. {ROUNDS} rounds of "
        f"{SECONDS / ROUNDS:g} s each, in turns; messages/s are the median.",
        "",
        "| server | sent | never heard | delay p50 ms | p99 ms | messages/s of CPU | "
        "gateway's messages/s / its |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, each in spoken.items():
        lines.append(
            f"| {name} | {each.sent:,} | {each.missed} | {each.delay_ms(50):.1f} "
            f"| {each.delay_ms(99):.1f} | {each.rate:,.0f} | {ours.rate / each.rate:.2f} |"
        )
    faults = {
        f"{alone.missed} pieces were never heard": alone.missed > 0,
        f"delay p99 {alone.delay_ms(99):.0f} ms": alone.delay_ms(99) > PROMISED_DELAY_MS,
        "messages/s of CPU": ours.rate < reference.rate,
        f"{kibibytes:.0f} KiB an idle connection": kibibytes > PROMISED_KIBIBYTES,
    }
    missed = [fault for fault, happened in faults.items() if happened]
    lines += [
        "",
        f"The gateway for {SECONDS:g} s on end: {alone.sent:,} pieces sent, {alone.missed} never "
        f"heard, delay p50 {alone.delay_ms(50):.1f} ms, p99 {alone.delay_ms(99):.1f} ms. "
        f"{IDLE:,} idle connections, each with a session: {kibibytes:.1f} KiB each.",
        "",
        f"Promised: every piece heard; p99 ≤ {PROMISED_DELAY_MS:g} ms; at least the "
        f"echo app's messages/s of CPU; ≤ {PROMISED_KIBIBYTES:g} KiB an idle connection. "
        + (f"**Missed**: {'; '.join(missed)}." if missed else "The promise is kept."),
        "",
    ]
    return "\n".join(lines), not missed


if __name__ == "__main__":
    print(run()[0])

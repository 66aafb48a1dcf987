"""Claude over the emulated Bedrock: what the gateway adds to bare strands, and many at once."""

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
from strands import Agent
from strands.models import BedrockModel

from gateway.app import Gateway
from gateway.settings import Settings
from protocols.contract.conversations import SessionKey
from protocols.invocation import Invocation, choose

ROUNDS = 7
WORDS = 1500
STREAMS = 100
STREAM_WORDS, PAUSE_SECONDS = 150, 0.04
_TIMES_BARE = 1.3
_LAG_SECONDS = 0.05
_TICK_SECONDS = 0.01
_OURS, _BARE = "Agent Gateway", "bare `Agent.stream_async`"

type Answer = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Lag:
    """How late the event loop was while many answers were read."""

    events: int
    cpu_seconds: float
    wall_seconds: float
    median_seconds: float
    p99_seconds: float


def run() -> tuple[str, bool]:
    """Measure; give the section of the report and whether the promises were kept."""
    with _bedrock(WORDS, 0):
        ours, bare = asyncio.run(_per_delta())
    with _bedrock(STREAM_WORDS, PAUSE_SECONDS):
        lag = asyncio.run(crowd_lag(STREAMS))
    ratio = ours / bare
    kept = ratio <= _TIMES_BARE and lag.p99_seconds <= _LAG_SECONDS
    lines = [
        "## Claude over the emulated Bedrock",
        "",
        "The emulator runs in a process of its own and speaks the true wire, TLS and event stream; "
        f"an answer of {WORDS} deltas, from the request's document to the frames of Server-Sent "
        f"Events. CPU time of this process, median of {ROUNDS} answers each, in turns.",
        "",
        "| server | CPU µs a delta | / bare |",
        "|---|---:|---:|",
        f"| {_OURS} | {ours * 1e6:.0f} | {ratio:.2f} |",
        f"| {_BARE} | {bare * 1e6:.0f} | 1.00 |",
        "",
        f"{STREAMS} answers of {STREAM_WORDS} deltas at once, {PAUSE_SECONDS * 1000:.0f} ms "
        f"between two deltas: {lag.events:,} events in {lag.wall_seconds:.1f} s, "
        f"{lag.cpu_seconds:.1f} s of CPU; the event loop was late by "
        f"{lag.median_seconds * 1000:.1f} ms (median), "
        f"{lag.p99_seconds * 1000:.1f} ms (p99).",
        "",
        f"Promised: ≤ {_TIMES_BARE} × the time of bare strands a delta; p99 of the event loop's "
        f"lag ≤ {_LAG_SECONDS * 1000:.0f} ms. "
        f"{'The promise is kept.' if kept else '**Missed**.'}",
        "",
    ]
    return "\n".join(lines), kept


async def crowd_lag(streams: int) -> Lag:
    """Read so many answers at once and look how late the loop is meanwhile."""
    gateway = Gateway(Settings(text_model="bedrock"))
    await _ours(gateway)
    lags: list[float] = []
    watching = asyncio.create_task(_watch(lags))
    cpu, wall = time.process_time(), time.perf_counter()
    events = await asyncio.gather(*(_ours(gateway) for _ in range(streams)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    watching.cancel()
    await asyncio.wait([watching])
    await gateway.models.aclose()
    lags.sort()
    p99 = lags[int(len(lags) * 0.99)]
    return Lag(sum(events), cpu, wall, statistics.median(lags), p99)


async def _watch(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        lags.append(time.perf_counter() - began - _TICK_SECONDS)


async def _per_delta() -> tuple[float, float]:
    gateway = Gateway(Settings(text_model="bedrock"))
    tools: list[Any] = list(gateway.tools)
    model = BedrockModel(boto_session=boto3.Session())

    async def bare() -> int:
        agent = Agent(model, tools=tools, system_prompt="Be short.", callback_handler=None)
        return len([event async for event in agent.stream_async("Hi")])

    answers: dict[str, Answer] = {_OURS: lambda: _ours(gateway), _BARE: bare}
    taken: dict[str, list[float]] = {name: [] for name in answers}
    for round_number in range(-1, ROUNDS):
        for name, answer in answers.items():
            gc.collect()
            began = time.process_time()
            await answer()
            if round_number >= 0:
                taken[name].append((time.process_time() - began) / WORDS)
    model.client.close()
    await gateway.models.aclose()
    return statistics.median(taken[_OURS]), statistics.median(taken[_BARE])


async def _ours(gateway: Gateway) -> int:
    """Answer as the gateway does behind its door; gives the number of events."""
    thread = str(uuid4())
    document = {
        "threadId": thread,
        "runId": str(uuid4()),
        "messages": [{"id": "1", "role": "user", "content": "Hi"}],
        "state": {},
        "tools": [],
        "context": [],
        "forwardedProps": {},
    }
    invocation = Invocation(
        content_type="application/json",
        accept="text/event-stream",
        body=b"",
        document=document,
        session=SessionKey("", thread),
        session_given=True,
    )
    protocol = choose(invocation, gateway.protocols())
    response: Any = await protocol.respond(invocation, gateway.sessions)
    written = [frames async for frames in response.iterator]
    await response.background()
    return b"".join(written).count(b"data: ")


@contextmanager
def _bedrock(words: int, pause_seconds: float) -> Iterator[None]:
    """Lead the AWS clients of this process to an emulator."""
    command = [sys.executable, "-m", "benchmarks.servers.bedrock_emulator"]
    with subprocess.Popen(
        [*command, str(words), str(pause_seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("the emulator has no pipes")
        before = dict(os.environ)
        os.environ.update(json.loads(process.stdout.readline()))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            process.stdin.close()


if __name__ == "__main__":
    print(run()[0])

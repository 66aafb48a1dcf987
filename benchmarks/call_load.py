"""Callers, in a process of their own: they send ready packets and note when packets come back.

``python -m benchmarks.call_load PLAN``, with the plan as JSON, prints ``begin`` and ``end`` around
the time that is measured, then one line of JSON. What the callers cost is not measured: no sound is
decoded here, and none is encoded after the start.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from av.audio.codeccontext import AudioCodecContext

from benchmarks.servers.loopback import stay_on_loopback
from protocols.audio import read_wav, resample
from protocols.webrtc.receiving import tap

SPEECH = Path(__file__).parents[1] / "tests" / "audio" / "multiply.wav"
RATE = 48_000
FRAME_SECONDS = 0.02
SETTLE_SECONDS = 3.0
BEEP_EVERY = 50  # packets
BEEP_PACKETS = 4
LOUD_BYTES = 40
PAUSE_SECONDS = 0.1
RTCP_TYPES = range(72, 77)
CONNECT_SECONDS = 20.0


def encoded(pcm: bytes) -> list[bytes]:
    """Packets of 20 ms, as a browser sends them: 48 kHz, mono, 32 kb/s."""
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "voip"}
    packets = []
    for at in range(0, len(pcm) - 1_920, 1_920):
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(pcm[at : at + 1_920])
        frame.sample_rate = RATE
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def speech() -> list[bytes]:
    """What callers say, over and over."""
    pcm, rate = read_wav(SPEECH.read_bytes())
    return encoded(resample(pcm, rate, RATE))


def beeps(packets: list[bytes]) -> list[bytes]:
    """Silence, and once a second 80 ms of speech."""
    loudest = max(
        range(len(packets)), key=lambda at: sum(map(len, packets[at : at + BEEP_PACKETS]))
    )
    beep = packets[loudest : loudest + BEEP_PACKETS]
    return beep + [b"\xf8\xff\xfe"] * (BEEP_EVERY - BEEP_PACKETS)


class Speaker(MediaStreamTrack):
    """Ready packets, one each 20 ms."""

    kind = "audio"

    def __init__(self, packets: list[bytes]) -> None:
        super().__init__()
        self._packets = packets
        self._began = 0.0
        self._next = 0
        self.latest = 0
        self.sent: list[float] = []
        self.beeps: list[float] = []

    async def recv(self) -> av.Packet:
        """Give the next packet when it is due."""
        now = time.monotonic()
        self._began = self._began or now
        await asyncio.sleep(max(0.0, self._began + self._next * FRAME_SECONDS - now))
        at, self._next = self._next, self._next + 1
        self.latest = at
        packet = av.Packet(self._packets[at % len(self._packets)])
        packet.pts = at * 960
        packet.time_base = Fraction(1, RATE)
        self.sent.append(time.monotonic())
        if at % BEEP_EVERY == 0:
            self.beeps.append(self.sent[-1])
        return packet


@dataclass
class Caller:
    """One call and what comes of it."""

    speaker: Speaker
    connection: RTCPeerConnection = field(
        default_factory=lambda: RTCPeerConnection(RTCConfiguration(iceServers=[]))
    )
    arrivals: list[tuple[float, int, int]] = field(default_factory=list)
    """When each packet came, its RTP time and its size."""
    connect_seconds: float = 0.0

    def take(self, packet: Any) -> None:
        """Note a packet that came back."""
        self.arrivals.append((time.monotonic(), packet.timestamp, len(packet.payload)))

    async def connect(self, http: httpx.AsyncClient, wire: str) -> None:
        """Offer the call and wait until it is connected."""
        began = time.monotonic()
        connected = asyncio.Event()

        @self.connection.on("connectionstatechange")
        def on_change() -> None:
            if self.connection.connectionState == "connected":
                connected.set()

        self.connection.addTrack(self.speaker)
        self.connection.createDataChannel("text")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        [receiver] = self.connection.getReceivers()
        if not tap(receiver, self.take):
            raise RuntimeError("the packets of this aiortc cannot be counted")
        sdp = await _signaled(http, wire, self.connection.localDescription.sdp, str(id(self)))
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        async with asyncio.timeout(CONNECT_SECONDS):
            await connected.wait()
        self.connect_seconds = time.monotonic() - began

    def lose(self, numbers: set[int]) -> None:
        """Let these packets be lost on their way."""
        transport: Any = self.connection.getSenders()[0].transport
        send = transport._send_rtp

        async def send_most(data: bytes) -> None:
            is_sound = data[1] & 0x7F not in RTCP_TYPES
            if not is_sound or self.speaker.latest not in numbers:
                await send(data)

        transport._send_rtp = send_most


async def _signaled(http: httpx.AsyncClient, wire: str, sdp: str, name: str) -> str:
    offer = {"sdp": sdp, "type": "offer"}
    if wire == "gateway":
        data = offer | {"sessionId": f"benchmark-call-of-the-caller-{name}"}
        reply = await http.post("/invocations", json={"action": "offer", "data": data})
    elif wire == "fastrtc":
        reply = await http.post("/webrtc/offer", json=offer | {"webrtc_id": name})
    else:
        reply = await http.post("/offer", json=offer)
    return str(reply.json()["sdp"])


def _share(ordered: list[float], share: float) -> float:
    return ordered[int(share * (len(ordered) - 1))] if ordered else float("inf")


def lateness(arrivals: list[tuple[float, int, int]]) -> list[float]:
    """How much later than the earliest one each packet came, by its RTP time."""
    first = arrivals[0][1]
    transits = []
    for at, ticks, _ in arrivals:
        elapsed = (ticks - first + 2**31) % 2**32 - 2**31
        transits.append(at - elapsed / RATE)
    earliest = min(transits)
    return [transit - earliest for transit in transits]


def round_trips(caller: Caller, since: float) -> list[float]:
    """From a beep's first packet sent to the first loud packet that comes back."""
    found = []
    for sent, after in pairwise([*caller.speaker.beeps, float("inf")]):
        heard = [at for at, _, size in caller.arrivals if sent < at < after and size >= LOUD_BYTES]
        if sent >= since and after < float("inf") and heard:
            found.append(heard[0] - sent)
    return found


def silences(caller: Caller, since: float) -> list[float]:
    """From a word's first packet sent to the last loud packet before the voice falls silent.

    Words that are not said over the voice do not count.
    """
    loud = [at for at, _, size in caller.arrivals if size >= LOUD_BYTES]
    found = []
    for said, after in pairwise([*caller.speaker.beeps, float("inf")]):
        is_voice_there = any(said - PAUSE_SECONDS < at < said for at in loud)
        if said >= since and after < float("inf") and is_voice_there:
            voice = [said, *(at for at in loud if said < at < after)]
            ends = (at for at, following in pairwise(voice) if following - at > PAUSE_SECONDS)
            found.append(next(ends, float("inf")) - said)
    return found


async def measure(plan: dict[str, Any]) -> dict[str, Any]:
    """Call, wait, measure."""
    said = speech()
    if plan["said"] == "beeps":
        said = beeps(said)
    callers = [Caller(Speaker(said)) for _ in range(plan["calls"])]
    async with httpx.AsyncClient(base_url=plan["url"], timeout=30) as http:
        for caller in callers:  # one after the other: connecting is not what is measured
            await caller.connect(http, plan["wire"])
            caller.lose(set(plan["lost"]))
        await asyncio.sleep(SETTLE_SECONDS)
        print("begin", flush=True)
        begin = time.monotonic()
        await asyncio.sleep(plan["seconds"])
        end = time.monotonic()
        print("end", flush=True)
    seconds = end - begin
    sent = [sum(begin <= at < end for at in c.speaker.sent) / seconds for c in callers]
    windows = [[a for a in c.arrivals if begin <= a[0] < end] for c in callers]
    late = sorted(each for window in windows if window for each in lateness(window))
    trips = sorted(trip for c in callers for trip in round_trips(c, begin))
    cuts = sorted(cut for c in callers for cut in silences(c, begin))
    rates = [len(window) / seconds for window in windows]
    return {
        "sent": min(sent),
        "received": min(rates),
        "received_mean": sum(rates) / len(rates),
        "late_p99_ms": _share(late, 0.99) * 1000,
        "trip_p50_ms": _share(trips, 0.5) * 1000,
        "trip_p95_ms": _share(trips, 0.95) * 1000,
        "cuts": len(cuts),
        "silence_p95_ms": _share(cuts, 0.95) * 1000,
        "connect_p50_ms": _share(sorted(c.connect_seconds for c in callers), 0.5) * 1000,
    }


async def main() -> None:
    """Measure, tell, and be gone: to hang up on dozens in good order takes longer."""
    print(json.dumps(await measure(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    stay_on_loopback()
    asyncio.run(main())

"""A call server as one writes it first on aiortc, and as AWS's WebRTC sample for AgentCore does it.

Frames in and out, a resampler in, an ``AudioFrame`` each 20 ms whether there is voice or not. With
``BOT=silent`` nothing is ever put into the buffer that the frames are cut from.
"""

import asyncio
import os
from fractions import Fraction
from typing import Any

import uvicorn
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler
from fastapi import FastAPI

from benchmarks.servers.loopback import stay_on_loopback
from benchmarks.servers.losing import lose_a_packet_if_asked

RATE = 24_000
SAMPLES = RATE // 50

app = FastAPI()
connections: set[RTCPeerConnection] = set()
tasks: set[asyncio.Task[None]] = set()
is_silent = os.environ.get("BOT") == "silent"


class Output(MediaStreamTrack):
    """Twenty milliseconds of what is in the buffer, or of silence."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray()
        self._frames = 0
        self._began = 0.0

    async def recv(self) -> AudioFrame:
        """Give the next frame when it is due."""
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        wait_seconds = self._began + self._frames * 0.02 - now
        if wait_seconds > 0:
            await asyncio.sleep(wait_seconds)
        pcm = bytes(self.buffer[: SAMPLES * 2]).ljust(SAMPLES * 2, b"\0")
        del self.buffer[: SAMPLES * 2]
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(pcm)
        frame.sample_rate = RATE
        frame.pts = self._frames * SAMPLES
        frame.time_base = Fraction(1, RATE)
        self._frames += 1
        return frame


async def echo(track: MediaStreamTrack, output: Output) -> None:
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    while True:
        try:
            frame: Any = await track.recv()
        except MediaStreamError:
            return
        for resampled in resampler.resample(frame):
            pcm = bytes(resampled.planes[0])[: resampled.samples * 2]
            if not is_silent:
                output.buffer += pcm


async def ping() -> dict[str, str]:
    return {"status": "Healthy"}


async def offer(body: dict[str, Any]) -> dict[str, str]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connections.add(connection)
    output = Output()

    @connection.on("track")
    def on_track(track: MediaStreamTrack) -> None:
        tasks.add(asyncio.create_task(echo(track, output)))

    @connection.on("connectionstatechange")
    async def on_change() -> None:
        if connection.connectionState in {"failed", "closed"}:
            await connection.close()
            connections.discard(connection)

    connection.addTrack(output)
    await connection.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
    await connection.setLocalDescription(await connection.createAnswer())
    description = connection.localDescription
    return {"sdp": description.sdp, "type": description.type}


app.add_api_route("/ping", ping, methods=["GET"])
app.add_api_route("/offer", offer, methods=["POST"])

if __name__ == "__main__":
    stay_on_loopback()
    lose_a_packet_if_asked()
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")

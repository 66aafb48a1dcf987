"""The same echo on pipecat's small WebRTC transport, with the handler of its own runner."""

import asyncio
import os
from typing import Any

import uvicorn
from fastapi import FastAPI
from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

from benchmarks.servers.loopback import stay_on_loopback

RATE = 24_000
is_silent = os.environ.get("BOT") == "silent"

app = FastAPI()
handler = SmallWebRTCRequestHandler(ice_servers=[])
tasks: set[asyncio.Task[None]] = set()


class Echo(FrameProcessor):  # type: ignore[misc]  # its package is not in our environment
    """Says what it hears."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Hear, and say."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, InputAudioRawFrame):
            await self.push_frame(frame, direction)
        elif not is_silent:
            said = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
            await self.push_frame(said, direction)


async def run_bot(connection: SmallWebRTCConnection) -> None:
    parameters = TransportParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_in_sample_rate=RATE,
        audio_out_sample_rate=RATE,
    )
    transport = SmallWebRTCTransport(connection, parameters)
    worker = PipelineWorker(
        Pipeline([transport.input(), Echo(), transport.output()]), enable_rtvi=False
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


async def ping() -> dict[str, str]:
    return {"status": "Healthy"}


async def offer(body: dict[str, Any]) -> Any:
    async def begin(connection: SmallWebRTCConnection) -> None:
        tasks.add(asyncio.create_task(run_bot(connection)))

    request = SmallWebRTCRequest(sdp=body["sdp"], type=body["type"])
    return await handler.handle_web_request(request, begin)


app.add_api_route("/ping", ping, methods=["GET"])
app.add_api_route("/offer", offer, methods=["POST"])

if __name__ == "__main__":
    logger.remove()
    stay_on_loopback()
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")

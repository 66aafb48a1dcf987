"""The same echo on FastRTC, with an asynchronous handler as its documentation shows it."""

import asyncio
import os
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastrtc import AsyncStreamHandler, Stream, wait_for_item

from benchmarks.servers.loopback import stay_on_loopback

RATE = 24_000
is_silent = os.environ.get("BOT") == "silent"


class Echo(AsyncStreamHandler):  # type: ignore[misc]  # its package is not in our environment
    """Says what it hears."""

    def __init__(self) -> None:
        super().__init__(input_sample_rate=RATE, output_sample_rate=RATE)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    async def receive(self, frame: Any) -> None:
        """Hear."""
        if not is_silent:
            self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Say."""
        return await wait_for_item(self.queue)

    def copy(self) -> "Echo":
        """Make one for another call."""
        return Echo()


app = FastAPI()
stream = Stream(
    handler=Echo(),
    modality="audio",
    mode="send-receive",
    concurrency_limit=100,
    server_rtc_configuration={"iceServers": []},
    verbose=False,
)
stream.mount(app)


async def ping() -> dict[str, str]:
    return {"status": "Healthy"}


app.add_api_route("/ping", ping, methods=["GET"])

if __name__ == "__main__":
    stay_on_loopback()
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")

"""The app of the AgentCore SDK with a strands agent for its voice, as its samples have it."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp
from starlette.websockets import WebSocket, WebSocketDisconnect
from strands.bidi import BidiAgent
from strands.bidi.types.media import AudioDelta

from benchmarks.echo_voice import EchoVoice

app = BedrockAgentCoreApp()


@app.websocket
async def converse(websocket: WebSocket, context: object) -> None:
    """Hand sound to the agent, and its events to the client."""
    await websocket.accept()
    agent = BidiAgent(model=EchoVoice())
    await agent.start()
    speaking = asyncio.create_task(_speak(websocket, agent.receive()))
    try:
        while True:
            heard = await websocket.receive_json()
            pcm = base64.b64decode(heard["audio"])
            await agent.send(AudioDelta(format="pcm", source={"bytes": pcm}))
    except WebSocketDisconnect:
        speaking.cancel()
        await agent.stop()


async def _speak(websocket: WebSocket, events: AsyncIterator[Any]) -> None:
    async for event in events:
        if event["type"] == "bidi_audio_delta":
            await websocket.send_json(event)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), loop="asyncio")  # brings no uvloop

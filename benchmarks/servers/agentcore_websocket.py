"""The app of the AgentCore SDK with the least WebSocket handler: it sends back what it is told."""

import os

from bedrock_agentcore import BedrockAgentCoreApp
from starlette.websockets import WebSocket, WebSocketDisconnect

app = BedrockAgentCoreApp()


@app.websocket
async def echo(websocket: WebSocket, context: object) -> None:
    """Echo JSON, as the samples for this app speak it."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_json(await websocket.receive_json())
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    # Its package brings no uvloop, so it runs on asyncio; LOOP gives it the gateway's loop.
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), loop=os.environ.get("LOOP", "asyncio"))

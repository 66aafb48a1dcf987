"""A program as the gateway is one: a text turn and a live conversation of real strands agents.

Run by ``test_setup.py`` in a process of its own, since providers can be set once only. Prints a
JSON object with what the test cannot see from outside.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from observability.conversations import observe_conversation
from observability.logs import configure_logging
from observability.privacy import privacy_environment
from observability.setup import telemetry_lifespan
from observability.turns import observe_turn


async def main() -> None:
    capture = os.environ.get("CAPTURE") == "yes"
    os.environ.update(privacy_environment(capture, os.environ))
    configure_logging(stream=sys.stderr, json_lines=True)
    async with telemetry_lifespan(os.environ, capture_content=capture) as telemetry:
        sdk = "opentelemetry.sdk" in sys.modules
        # Imported here: strands must find the variables of privacy set.
        from tests.observability.scripted_agents import SECRET, text_agent, voice_agent

        with observe_turn(protocol="http", session_id="session-text", model="offline") as turn:
            result = await text_agent().invoke_async(f"My word is {SECRET}")
            turn.first_token()
            turn.usage(input_tokens=3, output_tokens=2)
        with observe_conversation(protocol="ws", session_id="session-voice", model="offline") as c:
            async with asyncio.timeout(20):
                await converse(voice_agent(), c)
        printed = {"on": telemetry.on, "sdk": sdk, "stop": str(result.stop_reason)}
        sys.stdout.write(json.dumps(printed))


async def converse(agent: Any, conversation: Any) -> None:
    turn = None
    await agent.start()
    try:
        async for event in events_of(agent):
            match event.get("type"):
                case "bidi_response_start":
                    turn = conversation.turn(event["response_id"])
                case "bidi_response_stop":
                    assert turn is not None
                    turn.ended("ok")
                case "bidi_connection_stop":
                    return
                case _:
                    pass
    finally:
        await agent.stop()


async def events_of(agent: Any) -> AsyncIterator[dict[str, Any]]:
    async for event in agent.receive():
        yield dict(event)


if __name__ == "__main__":
    asyncio.run(main())

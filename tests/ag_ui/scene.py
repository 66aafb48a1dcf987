"""A gateway in a process of its own, the model it asks, and the published client that asks it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.ag_ui_consumer import Consumer, Run
from tests.emulators.converse.scripts import Script
from tests.emulators.emulator import AwsEmulator
from tests.server_process import serve_process

SECONDS = 20.0
PROTOBUF = "application/vnd.ag-ui.event+proto"

type Json = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """Who takes part."""

    url: str
    aws: AwsEmulator
    consumer: Consumer
    log: Path
    process_id: int

    def plays(self, *scripts: Script) -> None:
        """Say what the model does at its next calls."""
        self.aws.converse.scripts.add(*scripts)

    def run(self, asked: Mapping[str, Any], *scripts: Script, **how: Any) -> Run:
        """Let the client run the agent; ``how`` as ``Consumer.run`` has it."""
        self.plays(*scripts)
        return self.consumer.run(self.url, asked, **how)

    def post(self, body: Any, **headers: str) -> httpx.Response:
        """Send JSON without the client."""
        sent = {"json": body} if not isinstance(body, bytes) else {"content": body}
        kind = {"Content-Type": "application/json"}
        url = f"{self.url}/invocations"
        return httpx.post(url, headers=kind | headers, timeout=SECONDS, **sent)

    @contextmanager
    def reading(self, asked: Any, **headers: str) -> Iterator[Iterator[str]]:
        """Send a run without the client; yields the lines of the answer as they come."""
        url = f"{self.url}/invocations"
        with httpx.stream("POST", url, json=asked, headers=headers, timeout=SECONDS) as response:
            yield (line for line in response.iter_lines() if line)

    def shown(self) -> list[Json]:
        """What the model was shown, call by call."""
        return [call.body for call in self.aws.converse.calls.all()]

    def becomes_idle(self, seconds: float = 5.0) -> None:
        """Wait until no turn runs any more."""
        deadline = time.monotonic() + seconds
        while httpx.get(f"{self.url}/ping", timeout=SECONDS).json()["status"] != "Healthy":
            assert time.monotonic() < deadline, "a turn still runs"
            time.sleep(0.02)


def asking(*messages: str | Json, **more: Any) -> Json:
    """A run's input; text is what a user says."""
    return {
        "threadId": f"thread-{uuid4()}",
        "runId": f"run-{uuid4()}",
        "messages": [
            {"id": str(uuid4()), "role": "user", "content": each} if isinstance(each, str) else each
            for each in messages
        ],
    } | more


def going_on(asked: Mapping[str, Any], answered: Run, *messages: str | Json, **more: Any) -> Json:
    """The next run on a thread: all that the client has now, and what comes new."""
    now = asking(*messages, **more)
    return {
        **asked,
        **now,
        "threadId": asked["threadId"],
        "messages": [*answered.messages, *now["messages"]],
    }


def client_tool(name: str, *parameters: str) -> Json:
    """A tool of the client, all of whose parameters are text."""
    properties = {each: {"type": "string"} for each in parameters}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"name": name, "description": f"Does {name}.", "parameters": schema}


def said_to(body: Json) -> list[Json]:
    """All blocks of the messages that a model was shown."""
    blocks = [block for message in body["messages"] for block in message["content"]]
    return [block for block in blocks if "cachePoint" not in block]


def words_to(body: Json) -> str:
    """All text that a model was shown, its instructions included."""
    blocks = [*body.get("system", []), *said_to(body)]
    return "\n".join(block["text"] for block in blocks if "text" in block)


def tools_of(body: Json) -> list[str]:
    """The tools that a model was offered."""
    listed = body.get("toolConfig", {}).get("tools", [])
    return [each["toolSpec"]["name"] for each in listed if "toolSpec" in each]


@contextmanager
def staged(log: Path, consumer: Consumer, **settings: str) -> Iterator[Scene]:
    """Start a gateway whose text model is the emulated Bedrock."""
    with AwsEmulator() as aws:
        environment = aws.environment() | {
            "GATEWAY_TEXT_MODEL": "bedrock",
            "GATEWAY_VOICE_MODEL": "cascade",
            "GATEWAY_TOOLS": "tests.ag_ui.pantry:TOOLS,tests.tools.teams:TOOLS",
            "GATEWAY_KEEP_ALIVE_SECONDS": "0.2",
            **settings,
        }
        with serve_process(log, **environment) as (url, process):
            yield Scene(url, aws, consumer, log, process.pid)

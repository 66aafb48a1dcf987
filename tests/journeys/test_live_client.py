"""What a client of a live conversation can do: run tools, come back, interrupt, and be believed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.journeys.wires import websocket_url
from tests.server_process import serve

BOUND_SECONDS = 30
PAINT = {
    "name": "paint",
    "description": "Paints the page in a colour.",
    "parameters": {
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}},
        "required": ["colour"],
    },
}
ASK = {"type": "input.text", "text": "Please paint the page red."}


class Talker:
    """A native client; notes documents, and how much sound came with each message."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.documents: list[dict[str, Any]] = []
        self.sound_bytes = 0

    async def tell(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def until(self, kind: str, **members: Any) -> dict[str, Any]:
        """Read up to a message of a kind with these members."""
        async with asyncio.timeout(BOUND_SECONDS):
            while True:
                frame = await self.socket.recv()
                if isinstance(frame, bytes):
                    self.sound_bytes += len(frame)
                    continue
                document: dict[str, Any] = json.loads(frame)
                self.documents.append(document)
                if document["type"] == kind and members.items() <= document.items():
                    return document

    @property
    def last_seq(self) -> int:
        return seq_of(self.documents[-1])

    @property
    def kinds(self) -> list[str]:
        return [document["type"] for document in self.documents]


def seq_of(document: dict[str, Any]) -> int:
    seq: int = document["seq"] if "seq" in document else document["metadata"]["gateway"]["seq"]
    return seq


@asynccontextmanager
async def talking(url: str, **start: Any) -> AsyncIterator[tuple[Talker, dict[str, Any]]]:
    """A client that has started a session; gives the greeting, too."""
    async with connect(websocket_url(url)) as socket:
        talker = Talker(socket)
        await talker.tell(type="session.start", **start)
        yield talker, await talker.until("gateway.session")


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that waits for clients and tools for a moment only."""
    log = tmp_path_factory.mktemp("brief") / "log"
    with serve(log, GATEWAY_RESUME_SECONDS="1", GATEWAY_TOOL_SECONDS="1") as url:
        yield url
    assert "Traceback" not in Path(log).read_text(errors="replace")


async def status(url: str) -> str:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        told: str = (await client.get("/ping")).json()["status"]
        return told


async def act(url: str, action: str, session: str) -> Any:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        body = {"action": action, "data": {}, "session_id": session}
        return (await client.post("/invocations", json=body)).json()


async def test_the_model_runs_a_tool_of_the_client_and_tells_its_result(gateway: str) -> None:
    async with talking(gateway, tools=[PAINT]) as (talker, _):
        await talker.socket.send(json.dumps(ASK))
        start = await talker.until("TOOL_CALL_START", toolCallName="paint")
        arguments = await talker.until("TOOL_CALL_ARGS")
        assert json.loads(arguments["delta"]) == {"colour": "red"}
        await talker.until("TOOL_CALL_END")
        await talker.tell(type="tool.result", toolCallId="nobody's", content="x")
        assert (await talker.until("gateway.error"))["code"] == "NOT_FOUND"
        call = start["toolCallId"]
        await talker.tell(type="tool.result", toolCallId=call, content="painted it scarlet")
        await talker.until("TOOL_CALL_RESULT", toolCallId=call)
        finished = await talker.until("RUN_FINISHED")
        assert finished["outcome"] == {"type": "success"}
        said = "".join(d["delta"] for d in talker.documents if d["type"] == "TEXT_MESSAGE_CONTENT")
        assert "scarlet" in said
        await talker.tell(type="tool.result", toolCallId=call, content="again")
        assert "already" in (await talker.until("gateway.error"))["error"]


async def test_a_client_that_never_answers_does_not_hold_up_the_conversation(brief: str) -> None:
    async with talking(brief, tools=[PAINT]) as (talker, _):
        await talker.socket.send(json.dumps(ASK))
        call = (await talker.until("TOOL_CALL_END"))["toolCallId"]
        await talker.until("RUN_FINISHED")
        await talker.tell(type="tool.result", toolCallId=call, content="red")
        assert "too late" in (await talker.until("gateway.error"))["error"]
        await talker.tell(type="input.text", text="What is 6 times 7?")
        assert (await talker.until("TOOL_CALL_RESULT"))["content"] == "42"


async def test_a_tool_named_as_one_of_ours_is_refused(gateway: str) -> None:
    async with connect(websocket_url(gateway)) as socket:
        talker = Talker(socket)
        await talker.tell(type="session.start", tools=[PAINT | {"name": "calculator"}])
        refused = await talker.until("gateway.error")
        assert refused["details"] == [{"path": "$.tools[0].name", "problem": "is taken"}]


async def test_context_of_the_start_is_known_to_the_model_and_state_to_the_tools(
    gateway: str,
) -> None:
    context = [{"description": "name of the user", "value": "Ada"}]
    async with talking(gateway, context=context, state={"page": 2}) as (talker, _):
        await talker.tell(type="input.text", text="What is 6 times 7?")
        assert (await talker.until("TOOL_CALL_RESULT"))["content"] == "42"


async def test_a_client_that_was_cut_off_misses_nothing(gateway: str) -> None:
    session = str(uuid4())
    async with talking(gateway, sessionId=session) as (talker, greeting):
        await talker.tell(type="input.text", text="count from 1 to 12")
        await talker.until("gateway.audio.start")
        talker.socket.transport.abort()
    back = {"sessionId": session, "resumeToken": greeting["resumeToken"]}
    async with talking(gateway, **back, lastSeq=talker.last_seq) as (again, greeting):
        assert greeting["resumed"] is True
        assert await status(gateway) == "HealthyBusy"
        finished = await again.until("RUN_FINISHED")
        assert finished["outcome"] == {"type": "success"}
        numbers = [seq_of(d) for d in (*talker.documents, *again.documents[1:])]
        assert numbers == list(range(1, len(numbers) + 1))
        start = next(d for d in again.documents if d["type"] == "gateway.audio.start")
        assert start["fromMs"] * 48 <= talker.sound_bytes + 48_000


async def test_a_client_that_does_not_come_back_leaves_an_idle_gateway(brief: str) -> None:
    async with talking(brief) as (talker, _):
        await talker.tell(type="input.text", text="count from 1 to 12")
        await talker.until("gateway.audio.start")
        talker.socket.transport.abort()
    assert await status(brief) == "HealthyBusy"
    async with asyncio.timeout(BOUND_SECONDS):
        while await status(brief) != "Healthy":  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.05)


async def test_another_wire_need_not_wait_for_a_client_that_is_away(gateway: str) -> None:
    session = str(uuid4())
    async with talking(gateway, sessionId=session) as (talker, _):
        await talker.tell(type="input.text", text="my name is Ada")
        await talker.until("RUN_FINISHED")
        talker.socket.transport.abort()
    async with httpx.AsyncClient(base_url=gateway, timeout=20) as client:
        body = {"prompt": "what is my name?", "session_id": session}
        async with asyncio.timeout(BOUND_SECONDS):
            reply = await client.post("/invocations", json=body)
            while reply.status_code == 409:  # until the server has noticed
                reply = await client.post("/invocations", json=body)
    assert "Ada" in reply.json()["response"]


async def test_the_history_keeps_what_was_heard_of_an_answer_that_was_cut(gateway: str) -> None:
    session = str(uuid4())
    async with talking(gateway, sessionId=session) as (talker, _):
        await talker.tell(type="input.text", text="count from 1 to 30")
        start = await talker.until("gateway.audio.start")
        while talker.sound_bytes < 48_000:
            frame = await talker.socket.recv()
            talker.sound_bytes += len(frame) if isinstance(frame, bytes) else 0
        await talker.tell(type="playback", messageId=start["messageId"], playedMs=900)
        await talker.tell(type="response.cancel")
        flush = await talker.until("gateway.audio.flush")
        assert 900 <= flush["playedMs"] <= 1200
        assert (await talker.until("RUN_FINISHED"))["outcome"] == {"type": "cancelled"}
        await talker.tell(type="session.stop")
        await talker.until("gateway.end")
    async with asyncio.timeout(BOUND_SECONDS):
        while not (history := (await act(gateway, "history", session))["messages"]):
            pass
    [_, answer] = history
    assert answer["content"].endswith("[interrupted]")
    assert "30" not in answer["content"]

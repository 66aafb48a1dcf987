"""The same run in every form: server-sent events, protobuf, WebSocket."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from ag_ui.core import AgentCapabilities
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from tests.ag_ui import pantry
from tests.ag_ui.conftest import PAGE
from tests.ag_ui.scene import PROTOBUF, SECONDS, Json, Scene, asking
from tests.ag_ui_consumer import events_of
from tests.emulators.converse.scripts import Reasoning, Reply, Script, Text, ToolUse, calls, says
from tests.tools import teams

pytestmark = pytest.mark.slow

# A run of many kinds of events.
COLOURFUL: list[Script] = [
    Reply((Reasoning("Hm."), Text("Wait."), ToolUse("cook", {"steps": ["chop"]}, id="call-1"))),
    calls(ToolUse("photograph", {"thing": "soup"}, id="call-2"), ToolUse("spill", id="call-3")),
    says("Ready, with umlauts: äöü."),
]


def named_by_place(events: list[Json]) -> Any:
    """Events with the ids that were made up replaced by the order in which they come."""
    ids: dict[str, str] = {}
    for event in events:
        for member in ("messageId", "parentMessageId", "entityId"):
            if member in event:
                ids.setdefault(event[member], f"id-{len(ids)}")
    text = json.dumps(events)
    for identifier, name in ids.items():
        text = text.replace(identifier, name)
    return json.loads(text)


@pytest.mark.feature("protobuf")
@pytest.mark.check("C62", "C65")
def test_protobuf_has_its_exact_type_and_the_events_of_sse(scene: Scene) -> None:
    asked = asking("cook", state={"done": []})
    plain = scene.run(asked, *COLOURFUL)
    binary = scene.run(asked, *COLOURFUL, Accept=f"{PROTOBUF}, text/event-stream")
    assert plain.headers["content-type"].startswith("text/event-stream")
    assert binary.headers["content-type"] == PROTOBUF
    assert named_by_place(list(binary.told)) == named_by_place(list(plain.told))
    assert {"REASONING_START", "ACTIVITY_SNAPSHOT", "STATE_DELTA"} <= set(binary.kinds)
    assert len(binary.body) < len(plain.body)


@pytest.mark.check("C63")
def test_protobuf_that_is_declined_is_sse(scene: Scene) -> None:
    accept = f"{PROTOBUF};q=0, text/event-stream"
    run = scene.run(asking("hello"), says("Hi."), Accept=accept)
    assert run.headers["content-type"].startswith("text/event-stream")
    assert run.text == "Hi."


@pytest.mark.check("C64")
@pytest.mark.parametrize("accept", ["*/*", "application/*", None])
def test_without_a_wish_the_run_is_sse(scene: Scene, accept: str | None) -> None:
    scene.plays(says("Hi."))
    asked = asking("hello")
    where = urlsplit(scene.url)
    line = HTTPConnection(f"{where.hostname}:{where.port}", timeout=SECONDS)
    headers = {"Content-Type": "application/json"} | ({"Accept": accept} if accept else {})
    line.request("POST", "/invocations", json.dumps(asked), headers)
    body = line.getresponse().read()
    line.close()
    assert scene.consumer.replay(body, asked).text == "Hi."


@pytest.mark.feature("keep-alive")
@pytest.mark.check("C66")
def test_silence_is_filled_with_comments_and_no_event_is_made_up(scene: Scene) -> None:
    run = scene.run(asking("wait"), calls(ToolUse("wait", {"seconds": 1})), says("Done."))
    between = run.body.split(b'"TOOL_CALL_END"')[1].split(b'"TOOL_CALL_RESULT"')[0]
    assert between.count(b": keep-alive\n\n") >= 1
    assert run.kinds[3:5] == ["TOOL_CALL_END", "TOOL_CALL_RESULT"]


@pytest.mark.check("C73")
def test_a_page_that_is_listed_may_call_and_another_may_not(scene: Scene) -> None:
    assert preflight(scene, PAGE).headers["Access-Control-Allow-Origin"] == PAGE
    assert "Access-Control-Allow-Origin" not in preflight(scene, "https://evil.example").headers
    scene.plays(says("Hi."))
    allowed = scene.post(asking("hello"), Origin=PAGE)
    assert allowed.headers["Access-Control-Allow-Origin"] == PAGE
    assert events_of(allowed.content)[-1]["type"] == "RUN_FINISHED"
    refused = scene.post(asking("hello"), Origin="https://evil.example")
    assert refused.status_code == 401
    assert len(scene.shown()) == 1


def preflight(scene: Scene, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    return httpx.options(f"{scene.url}/invocations", headers=headers, timeout=SECONDS)


@pytest.fixture
def socket(scene: Scene) -> Iterator[ClientConnection]:
    """An open WebSocket."""
    with connect(f"ws{scene.url.removeprefix('http')}/ws", close_timeout=5) as opened:
        yield opened


def run_on(socket: ClientConnection, asked: Any) -> list[Json]:
    """Send a run, and take its events, each an object of its own message."""
    socket.send(json.dumps(asked))
    told: list[Json] = []
    while not told or told[-1]["type"] not in {"RUN_FINISHED", "RUN_ERROR"}:
        told.append(json.loads(socket.recv(SECONDS)))
    return told


@pytest.mark.feature("websocket")
@pytest.mark.check("C74")
def test_a_websocket_has_the_events_of_sse(scene: Scene, socket: ClientConnection) -> None:
    asked = asking("cook", state={"done": []})
    plain = scene.run(asked, *COLOURFUL)
    scene.plays(*COLOURFUL)
    told = run_on(socket, asked)
    assert named_by_place(told) == named_by_place(list(plain.told))
    assert scene.consumer.judge(told, asked).state == plain.state


@pytest.mark.check("C74")
def test_bad_input_on_a_websocket_is_refused_before_a_run(
    scene: Scene, socket: ClientConnection
) -> None:
    (refused,) = run_on(socket, asking("hello") | {"messages": "none"})
    assert (refused["type"], refused["code"]) == ("RUN_ERROR", "VALIDATION_ERROR")
    with pytest.raises(ConnectionClosedError, match="1003"):
        socket.recv(SECONDS)
    assert scene.shown() == []


@pytest.mark.feature("capabilities")
@pytest.mark.check("C75")
def test_what_the_capabilities_declare_holds(scene: Scene) -> None:
    document = httpx.get(f"{scene.url}/capabilities", timeout=SECONDS).json()
    declared = AgentCapabilities.model_validate(document)
    assert declared.model_extra == {}
    assert declared.model_dump(mode="json", by_alias=True, exclude_unset=True) == document
    transport, tools, state = document["transport"], document["tools"], document["state"]
    assert (transport["streaming"], transport["websocket"], transport["httpBinary"]) == (True,) * 3
    assert (tools["clientProvided"], tools["parallelCalls"]) == (True, True)
    assert [item["name"] for item in tools["items"]] == [
        tool.tool_name for tool in (*pantry.TOOLS, *teams.TOOLS)
    ]
    assert state == dict.fromkeys(("snapshots", "deltas", "memory", "persistentState"), True)
    assert document["humanInTheLoop"]["interrupts"]
    assert document["reasoning"] == {"supported": True, "streaming": True, "encrypted": True}
    agents = {each["name"] for each in document["multiAgent"]["subagents"]}
    assert {tool.tool_name for tool in teams.TOOLS} <= agents
    assert "resumable" not in transport  # nothing of a run can be read again

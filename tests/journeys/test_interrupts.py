"""A tool asks; the user answers, after a restart of the gateway too, on every wire of words."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from protocols.streaming import SESSION_HEADER
from tests.ag_ui_verifier import verify
from tests.journeys.wires import events_of, websocket_url
from tests.server_process import ROOT, serve

SHREDDER = re.compile(r"```python\n(# shredder\.py\n.*?)```", re.DOTALL)
REQUEST = {"id": "m1", "role": "user", "content": "Use shred for the document plan."}


@contextmanager
def gateway(folder: Path) -> Iterator[httpx.Client]:
    """A gateway with the tool of ``docs/howto/tool.md`` and its conversations in a folder."""
    found = SHREDDER.search((ROOT / "docs" / "howto" / "tool.md").read_text())
    assert found is not None
    (folder / "shredder.py").write_text(found[1])
    settings = {
        "GATEWAY_TOOLS": "shredder:TOOLS",
        "GATEWAY_SESSION_STORE": f"file:{folder / 'sessions'}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
    }
    with serve(folder / "server.log", **settings) as url, httpx.Client(base_url=url) as client:
        yield client


def run(client: httpx.Client, run_id: str, messages: list[Any], **more: Any) -> list[Any]:
    body = {"threadId": "t", "runId": run_id, "messages": messages, **more}
    return events_of(client.post("/invocations", json=body, timeout=30).text)


def only(kind: str, events: list[Any]) -> Any:
    (found,) = [event for event in events if event["type"] == kind]
    return found


@pytest.mark.slow
def test_an_answer_comes_after_a_restart(tmp_path: Path) -> None:
    with gateway(tmp_path) as client:
        asked = run(client, "r1", [REQUEST])
        verify(asked)
        outcome = asked[-1]["outcome"]
        assert outcome["type"] == "interrupt"
        (question,) = outcome["interrupts"]
        assert question["message"].endswith("for ever?")
        started = only("TOOL_CALL_START", asked)
        assert question["toolCallId"] == started["toolCallId"]
        assert not [event for event in asked if event["type"] == "TOOL_CALL_RESULT"]
        # Without an answer it is asked again, and nothing is done.
        again = run(client, "r2", [REQUEST, called(asked), {**REQUEST, "id": "m3"}])
        verify(again)
        assert again[-1]["outcome"] == outcome
    with gateway(tmp_path) as client:
        entry = {"interruptId": question["id"], "status": "resolved"}
        unknown = {"interruptId": "unknown", "status": "cancelled"}
        done = run(client, "r3", [REQUEST, called(asked)], resume=[unknown, entry])
        verify(done)
        assert "is destroyed" in only("TOOL_CALL_RESULT", done)["content"]
        assert not [event for event in done if event["type"] == "TOOL_CALL_START"]
        assert done[-1]["outcome"] == {"type": "success"}


def called(events: list[Any]) -> dict[str, Any]:
    """The assistant's message as the client's history has it."""
    started = only("TOOL_CALL_START", events)
    arguments = "".join(e["delta"] for e in events if e["type"] == "TOOL_CALL_ARGS")
    function = {"name": started["toolCallName"], "arguments": arguments}
    return {
        "id": started["parentMessageId"],
        "role": "assistant",
        "toolCalls": [{"id": started["toolCallId"], "type": "function", "function": function}],
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "payload", "result"),
    [("resolved", True, "is destroyed"), ("resolved", "no", "Nothing"), ("cancelled", None, "not")],
)
def test_plain_http_asks_and_is_answered(
    tmp_path: Path, status: str, payload: Any, result: str
) -> None:
    with gateway(tmp_path) as client:
        headers = {SESSION_HEADER: "s"}
        first = client.post("/invocations", json={"prompt": REQUEST["content"]}, headers=headers)
        reply = first.json()
        assert reply["stop_reason"] == "interrupt"
        assert [call["status"] for call in reply["tool_calls"]] == ["pending"]
        (question,) = reply["interrupts"]
        entry = {"interruptId": question["id"], "status": status, "payload": payload}
        body = {"prompt": "", "resume": [entry]}
        done = client.post("/invocations", json=body, headers=headers).json()
        assert done["stop_reason"] == "end_turn"
        (call,) = done["tool_calls"]
        assert (call["id"], result in call["result"]) == (question["toolCallId"], True)
        wrong = client.post("/invocations", json={"prompt": "x", "resume": [{"status": "maybe"}]})
        assert wrong.status_code == 400
        assert {detail["path"] for detail in wrong.json()["details"]} == {
            "$.resume[0].interruptId",
            "$.resume[0].status",
        }


@pytest.mark.slow
def test_a_prompt_on_the_websocket_asks_and_is_answered(tmp_path: Path) -> None:
    with (
        gateway(tmp_path) as client,
        connect(websocket_url(str(client.base_url).rstrip("/"))) as socket,
    ):

        def ask(**asked: Any) -> Any:
            socket.send(json.dumps(asked))
            return json.loads(socket.recv(30))

        (question,) = ask(prompt=REQUEST["content"])["interrupts"]
        assert question["message"].endswith("for ever?")
        done = ask(prompt="", resume=[{"interruptId": question["id"], "status": "resolved"}])
        assert "is destroyed" in done["response"]
        assert "interrupts" not in done

"""The parts that are handed in fit what the WebSocket asks of them."""

from protocols.ag_ui.attachments import left_alone
from protocols.ag_ui.responses import known_events
from protocols.ag_ui.run_input import parse, read_answers
from protocols.contract.inputs import Text
from protocols.websocket.options import WebSocketOptions
from protocols.websocket.services import RunInput, WebSocketServices
from tests.protocols.scripted import ScriptedConversations


def test_the_validation_of_ag_ui_makes_the_run_that_is_needed() -> None:
    services = WebSocketServices(
        conversations=ScriptedConversations(),
        caller_of=lambda _: "caller",
        allows=lambda _: True,
        parse_run=parse,
        read_answers=read_answers,
        open_attachments=left_alone,
        known_events=known_events,
    )
    question = {"id": "1", "role": "user", "content": "hi"}
    run: RunInput = services.parse_run({"threadId": "t", "runId": "r", "messages": [question]})
    assert (run.thread_id, run.run_id, run.said.content) == ("t", "r", (Text("hi"),))
    assert services.known_events(run, ()) == []
    assert (services.options, services.idle_seconds) == (WebSocketOptions(), 900.0)
    assert not services.connections.draining.is_set()

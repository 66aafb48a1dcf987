"""What the client is told of other wires. The runs themselves are tested at the door."""

from protocols.ag_ui.responses import known_events
from protocols.ag_ui.run_input import parse
from protocols.contract.inputs import Message, Text

UNSEEN = (Message("v1", "user", (Text("spoken"),)), Message("v2", "assistant", (Text("heard"),)))


def test_nothing_new_is_told_as_nothing() -> None:
    run = parse({"threadId": "t", "runId": "r", "messages": []})
    assert known_events(run, ()) == []


def test_what_other_wires_said_stands_before_the_question() -> None:
    earlier = {"id": "a", "role": "assistant", "content": "x", "name": "kept"}
    question = {"id": "u", "role": "user", "content": "q"}
    run = parse({"threadId": "t", "runId": "r", "messages": [earlier, question]})
    assert known_events(run, UNSEEN) == [
        {
            "type": "MESSAGES_SNAPSHOT",
            "messages": [
                earlier,
                {"id": "v1", "role": "user", "content": "spoken"},
                {"id": "v2", "role": "assistant", "content": "heard"},
                question,
            ],
        }
    ]


def test_a_run_without_a_question_is_told_at_the_end() -> None:
    run = parse({"threadId": "t", "runId": "r", "messages": []})
    assert [m["id"] for m in known_events(run, UNSEEN)[0]["messages"]] == ["v1", "v2"]

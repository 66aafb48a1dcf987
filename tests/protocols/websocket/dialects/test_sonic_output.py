"""What clients of the native Nova Sonic sample are told."""

import json
from itertools import count
from typing import Any

import pytest

from protocols.contract.errors import ModelFailed
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from protocols.contract.inputs import Text
from protocols.websocket.dialects.sonic_output import SonicWriter
from tests.protocols.websocket.dialects.conversing import Told

TEXT = {"mediaType": "text/plain"}
IDS = {"sessionId": "s", "promptName": "p"}


class Client(Told):
    """A client; every event has the time, which is taken off."""

    def __init__(self) -> None:
        numbers = count(1)
        super().__init__(SonicWriter(lambda: "p", lambda: f"c{next(numbers)}", lambda: 1234))
        self.open()
        assert super().take() == []

    def take(self) -> list[Any]:
        told = super().take()
        assert [each.pop("timestamp") for each in told] == [1234] * len(told)
        return told

    def names(self) -> list[str]:
        """The names of what was told, with what tells contents apart."""
        return [_name(each) for each in self.take()]


def _name(message: Any) -> str:
    if "event" not in message:
        return str(message["type"])
    [(name, body)] = message["event"].items()
    more = [body.get("type"), body.get("role"), body.get("content"), body.get("stopReason")]
    stage = json.loads(body.get("additionalModelFields", "{}")).get("generationStage")
    return " ".join(str(each) for each in [name, *more, stage] if each is not None)


def event(name: str, **body: Any) -> dict[str, Any]:
    return {"event": {name: IDS | {"completionId": "c1"} | body}}


def said(content_id: str, role: str, stage: str, words: str, stop: str) -> list[Any]:
    fields = json.dumps({"generationStage": stage}, separators=(",", ":"))
    content = {"contentId": content_id}
    start = {"type": "TEXT", "role": role, "additionalModelFields": fields}
    return [
        event("contentStart", **content, **start, textOutputConfiguration=TEXT),
        event("textOutput", **content, role=role, content=words),
        event("contentEnd", **content, type="TEXT", stopReason=stop),
    ]


def test_a_spoken_turn_is_as_nova_sonic_tells_it() -> None:
    client = Client()
    client.events(
        TurnStarted("r"),
        Transcript("u", "user", "how "),
        Transcript("u", "user", "many?", final=True),
        Transcript("a", "assistant", "It is 714."),
        AudioDelta("a", b"\1\2"),
        Transcript("a", "assistant", "", final=True),
        UsageReported(3, 4, 7),
        TurnEnded(),
    )
    configuration = {
        "mediaType": "audio/lpcm",
        "sampleRateHertz": 24000,
        "sampleSizeBits": 16,
        "encoding": "base64",
        "channelCount": 1,
    }
    audio = {"contentId": "c4", "type": "AUDIO"}
    assert client.take() == [
        event("completionStart"),
        *said("c2", "USER", "FINAL", "how many?", "PARTIAL_TURN"),
        *said("c3", "ASSISTANT", "SPECULATIVE", "It is 714.", "PARTIAL_TURN"),
        event("contentStart", **audio, role="ASSISTANT", audioOutputConfiguration=configuration),
        event("audioOutput", contentId="c4", content="AQI="),
        event("contentEnd", **audio, stopReason="END_TURN"),
        *said("c5", "ASSISTANT", "FINAL", "It is 714.", "END_TURN"),
        event(
            "usageEvent",
            details={
                "delta": {
                    "input": {"speechTokens": 0, "textTokens": 3},
                    "output": {"speechTokens": 0, "textTokens": 4},
                },
                "total": {
                    "input": {"speechTokens": 0, "textTokens": 3},
                    "output": {"speechTokens": 0, "textTokens": 4},
                },
            },
            totalInputTokens=3,
            totalOutputTokens=4,
            totalTokens=7,
        ),
    ]


def test_a_completion_lasts_as_long_as_the_session_and_counts_its_tokens() -> None:
    client = Client()
    for turn in ("r", "q"):
        client.events(TurnStarted(turn), UsageReported(3, 4, 7), TurnEnded())
    client.outputs(client.dialogue.ended("stopped"))
    told = client.take()
    assert [next(iter(each["event"])) for each in told] == [
        "completionStart",
        "usageEvent",
        "usageEvent",
        "completionEnd",
    ]
    assert told[2]["event"]["usageEvent"]["totalTokens"] == 14
    assert told[3] == event("completionEnd", stopReason="END_TURN")


def test_a_barge_in_interrupts_the_words_and_the_sound() -> None:
    client = Client()
    client.events(TurnStarted("r"), Transcript("a", "assistant", "One"), AudioDelta("a", b"\1\2"))
    client.take()
    client.events(BargeIn(), TurnEnded("cancelled"))
    assert client.names() == [
        "contentStart TEXT ASSISTANT SPECULATIVE",
        "textOutput ASSISTANT One",
        "contentEnd TEXT PARTIAL_TURN",
        "contentStart TEXT ASSISTANT FINAL",
        "textOutput ASSISTANT One",
        "contentEnd TEXT PARTIAL_TURN",
        "contentStart TEXT ASSISTANT FINAL",
        'textOutput ASSISTANT { "interrupted" : true }',
        "contentEnd TEXT INTERRUPTED",
        "contentEnd AUDIO INTERRUPTED",
    ]


def test_a_tool_call_parts_the_sound_and_is_told_with_its_result() -> None:
    client = Client()
    client.events(TurnStarted("r"), AudioDelta("a", b"\1\2"))
    client.take()
    client.events(
        ToolStarted("a", "c", "calculator"),
        ToolArguments("c", '{"expression":'),
        ToolArguments("c", '"6*7"}'),
        ToolRequested("c"),
        ToolFinished("c", (Text("42"),)),
    )
    told = client.take()
    assert told[:4] == [
        event("contentEnd", contentId="c2", type="AUDIO", stopReason="PARTIAL_TURN"),
        event(
            "contentStart",
            contentId="c3",
            type="TOOL",
            role="TOOL",
            toolUseOutputConfiguration={"mediaType": "application/json"},
        ),
        event(
            "toolUse",
            contentId="c3",
            role="TOOL",
            toolUseId="c",
            toolName="calculator",
            content='{"expression":"6*7"}',
        ),
        event("contentEnd", contentId="c3", type="TOOL", stopReason="TOOL_USE"),
    ]
    names = {"promptName": "p", "contentName": "c4"}
    assert told[4:] == [
        {
            "event": {
                "contentStart": names
                | {
                    "interactive": False,
                    "type": "TOOL",
                    "role": "TOOL",
                    "toolResultInputConfiguration": {
                        "toolUseId": "c",
                        "type": "TEXT",
                        "textInputConfiguration": TEXT,
                    },
                }
            }
        },
        {"event": {"toolResult": names | {"content": '{"text":"42"}'}}},
        {"event": {"contentEnd": names}},
    ]


def test_two_messages_of_sound_are_two_contents() -> None:
    client = Client()
    client.events(TurnStarted("r"), AudioDelta("a", b"\1\2"), AudioDelta("b", b"\3\4"))
    client.events(TurnEnded())
    assert client.names() == [
        "completionStart",
        "contentStart AUDIO ASSISTANT",
        "audioOutput AQI=",
        "contentEnd AUDIO PARTIAL_TURN",
        "contentStart AUDIO ASSISTANT",
        "audioOutput AwQ=",
        "contentEnd AUDIO END_TURN",
    ]


def test_sound_behind_new_words_is_another_content() -> None:
    client = Client()
    client.events(
        TurnStarted("r"),
        Transcript("a", "assistant", "One. "),
        AudioDelta("a", b"\1\2"),
        Transcript("a", "assistant", "Two. "),
        Transcript("a", "assistant", "Three.", final=True),
        AudioDelta("a", b"\3\4"),
        TurnEnded(),
    )
    assert client.names() == [
        "completionStart",
        "contentStart TEXT ASSISTANT SPECULATIVE",
        "textOutput ASSISTANT One. ",
        "contentEnd TEXT PARTIAL_TURN",
        "contentStart AUDIO ASSISTANT",
        "audioOutput AQI=",
        "contentEnd AUDIO PARTIAL_TURN",
        "contentStart TEXT ASSISTANT SPECULATIVE",
        "textOutput ASSISTANT Two. ",
        "contentEnd TEXT PARTIAL_TURN",
        "contentStart TEXT ASSISTANT SPECULATIVE",
        "textOutput ASSISTANT Three.",
        "contentEnd TEXT PARTIAL_TURN",
        "contentStart AUDIO ASSISTANT",
        "audioOutput AwQ=",
        "contentEnd AUDIO END_TURN",
        "contentStart TEXT ASSISTANT FINAL",
        "textOutput ASSISTANT One. Two. Three.",
        "contentEnd TEXT END_TURN",
    ]


def test_words_behind_the_last_sound_follow_its_end() -> None:
    client = Client()
    client.events(TurnStarted("r"), AudioDelta("a", b"\1\2"))
    client.events(Transcript("a", "assistant", "Late.", final=True), TurnEnded())
    assert client.names()[3:] == [
        "contentEnd AUDIO END_TURN",
        "contentStart TEXT ASSISTANT SPECULATIVE",
        "textOutput ASSISTANT Late.",
        "contentEnd TEXT PARTIAL_TURN",
        "contentStart TEXT ASSISTANT FINAL",
        "textOutput ASSISTANT Late.",
        "contentEnd TEXT END_TURN",
    ]


def test_a_failed_turn_ends_with_the_error() -> None:
    client = Client()
    client.events(TurnStarted("r"), UsageReported(1, 1, 2))
    client.take()
    client.outputs(client.dialogue.failed(ModelFailed("The model failed.")))
    client.outputs(client.dialogue.ended("failed"))
    usage, *rest = client.take()
    assert next(iter(usage["event"])) == "usageEvent"
    assert rest == [
        {"event": {"error": {"message": "The model failed.", "code": "AGENT_ERROR"}}},
        {"type": "error", "message": "The model failed.", "code": "AGENT_ERROR"},
        event("completionEnd", stopReason="END_TURN"),
    ]


def test_a_session_cut_in_its_voice_ends_its_content() -> None:
    client = Client()
    client.events(TurnStarted("r"), AudioDelta("a", b"\1\2"))
    client.take()
    client.outputs(client.dialogue.ended("stopped"))
    assert client.names() == [
        "contentStart TEXT ASSISTANT FINAL",
        'textOutput ASSISTANT { "interrupted" : true }',
        "contentEnd TEXT INTERRUPTED",
        "contentEnd AUDIO INTERRUPTED",
        "completionEnd END_TURN",
    ]


def test_a_session_without_a_turn_ends_silently() -> None:
    client = Client()
    client.outputs(client.dialogue.ended("stopped"))
    assert client.take() == []


def test_long_texts_and_results_are_told_in_pieces() -> None:
    client = Client()
    words = "word " * 2000
    client.events(TurnStarted("r"), Transcript("u", "user", words, final=True))
    client.events(ToolStarted("a", "c", "t"), ToolFinished("c", (Text(words),)), TurnEnded())
    told = [each["event"] for each in client.take()]
    texts = [each["textOutput"]["content"] for each in told if "textOutput" in each]
    results = [each["toolResult"]["content"] for each in told if "toolResult" in each]
    assert "".join(texts) == words
    assert json.loads("".join(results)) == {"text": words}
    assert max(len(json.dumps(each)) for each in told) < 10_000


def test_sound_is_told_in_pieces() -> None:
    client = Client()
    client.events(TurnStarted("r"), AudioDelta("a", bytes(20_000)))
    told = [each["event"].get("audioOutput") for each in client.take()]
    assert [len(each["content"]) for each in told if each] == [9600, 9600, 7468]


@pytest.mark.parametrize("kind", ["gateway.state", "gateway.speech", "gateway.audio.stop", "RAW"])
def test_what_the_vocabulary_has_no_word_for_is_left_out(kind: str) -> None:
    assert Client().writer.say({"type": kind}) == []


def test_text_that_belongs_to_no_message_is_left_out() -> None:
    writer = Client().writer
    assert writer.say({"type": "TEXT_MESSAGE_CONTENT", "messageId": "x", "delta": "y"}) == []
    assert writer.say({"type": "TEXT_MESSAGE_END", "messageId": "x"}) == []


def test_an_assistant_that_says_nothing_is_silent() -> None:
    client = Client()
    client.events(TurnStarted("r"), Transcript("a", "assistant", "", final=True), TurnEnded())
    assert client.names() == ["completionStart"]


def test_what_subagents_do_is_left_out() -> None:
    writer = SonicWriter(lambda: "p", lambda: "c", lambda: 1234)
    theirs = {"toolCallId": "s/1", "subagentRunId": "s"}
    started = {"type": "TOOL_CALL_START", "toolCallName": "look"}
    assert writer.say(started | theirs) == []
    assert writer.say({"type": "TOOL_CALL_END"} | theirs) == []

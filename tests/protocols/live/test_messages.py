"""The native client messages: what is taken, what is ignored, what is refused."""

import pytest

from protocols.contract.errors import Detail, InvalidInput
from protocols.contract.inputs import ClientTool, Text, ToolResult
from protocols.live.messages import (
    ClientMessage,
    ContextItem,
    InputAudio,
    InputImage,
    InputText,
    Playback,
    ResponseCancel,
    SessionStart,
    SessionStop,
    ToolOutcome,
    decode,
)

NO_WORDS = r"Expected `str` matching regex '\\S'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"session.start"}', SessionStart()),
        (
            '{"type":"session.start","sessionId":"s","resumeToken":"r","lastSeq":7,'
            '"inputSampleRate":8000,"outputSampleRate":48000,"voice":"v","language":"de-DE",'
            '"tools":[{"name":"n","description":"d","parameters":{"type":"object"}}],'
            '"context":[{"description":"a","value":"b"}],"state":{"x":1},"audio":false}',
            SessionStart(
                session_id="s",
                resume_token="r",
                last_seq=7,
                input_sample_rate=8000,
                output_sample_rate=48000,
                voice="v",
                language="de-DE",
                tools=(ClientTool("n", "d", {"type": "object"}),),
                context=(ContextItem("a", "b"),),
                state={"x": 1},
                audio=False,
            ),
        ),
        ('{"text":"hello","type":"input.text"}', InputText("hello")),
        (
            '{"type":"input.image","mimeType":"image/png","data":"aGk="}',
            InputImage("image/png", b"hi"),
        ),
        ('{"type":"input.audio","data":"AAE="}', InputAudio(b"\x00\x01")),
        (
            '{"type":"tool.result","toolCallId":"c","content":"42","error":"no"}',
            ToolOutcome("c", "42", "no"),
        ),
        ('{"type":"response.cancel"}', ResponseCancel()),
        ('{"type":"playback","playedMs":120}', Playback(120.0)),
        ('{"type":"playback","playedMs":1.5,"messageId":"m"}', Playback(1.5, "m")),
        ('{"type":"session.stop","unknown":{"member":[1]}}', SessionStop()),
    ],
)
def test_each_message_is_read_with_camel_case_members(text: str, message: ClientMessage) -> None:
    assert decode(text) == message


@pytest.mark.parametrize(
    "kind",
    [
        "gateway.session",
        "gateway.anything",
        "RUN_STARTED",
        "TEXT_MESSAGE_CONTENT",
        "TOOL_CALL_RESULT",
        "STATE_DELTA",
        "MESSAGES_SNAPSHOT",
        "CUSTOM",
        "RAW",
    ],
)
def test_messages_that_only_servers_send_are_ignored(kind: str) -> None:
    assert decode(f'{{"type":"{kind}","seq":1}}') is None


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"type":"input.text"}', Detail("$", "Object missing required field `text`")),
        ('{"type":"input.text","text":7}', Detail("$.text", "Expected `str`, got `int`")),
        ('{"type":"input.text","text":""}', Detail("$.text", NO_WORDS)),
        ('{"type":"input.text","text":" \\n"}', Detail("$.text", NO_WORDS)),
        (
            '{"type":"input.audio","data":"a"}',
            Detail("$.data", "Invalid base64 encoded string"),
        ),
        (
            '{"type":"input.image","mimeType":"text/html","data":"aGk="}',
            Detail("$.mimeType", r"Expected `str` matching regex '^image/[\\w.+-]+$'"),
        ),
        (
            '{"type":"session.start","inputSampleRate":7999}',
            Detail("$.inputSampleRate", "Expected `int` >= 8000"),
        ),
        (
            '{"type":"session.start","context":[{"description":"a"}]}',
            Detail("$.context[0]", "Object missing required field `value`"),
        ),
        ('{"type":"playback","playedMs":-1}', Detail("$.playedMs", "Expected `float` >= 0.0")),
        ("{}", Detail("$", "Object missing required field `type`")),
        ('{"type":null}', Detail("$.type", "Expected `str`, got `null`")),
        ("[]", Detail("$", "Expected `object`, got `array`")),
        ("not json", Detail("$", "not readable as JSON")),
        ("", Detail("$", "not readable as JSON")),
        ('{"type":"input.text","text":"\\ud800"}', Detail("$", "not readable as JSON")),
        (
            '{"type":"session.start","state":' + "[" * 5000 + "]" * 5000 + "}",
            Detail("$", "not readable as JSON"),
        ),
    ],
)
def test_a_wrong_message_is_refused_with_the_place_of_its_fault(text: str, detail: Detail) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(text)
    assert refused.value.details == (detail,)


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refused:
        decode('{"type":"input.video"}')
    assert refused.value.message == (
        "This message has an unknown type. Send one of: session.start, input.text, input.image, "
        "input.audio, tool.result, response.cancel, playback, session.stop."
    )
    assert refused.value.details == (Detail("$.type", "unknown type"),)


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (ToolOutcome("c", "red"), ToolResult("c", (Text("red"),))),
        (ToolOutcome("c", {"a": [1]}), ToolResult("c", (Text('{"a":[1]}'),))),
        (ToolOutcome("c"), ToolResult("c", ())),
        (ToolOutcome("c", "no", error=True), ToolResult("c", (Text("no"),), error=True)),
        (ToolOutcome("c", error="broken"), ToolResult("c", (Text("broken"),), error=True)),
        (ToolOutcome("c", 7, error=False), ToolResult("c", (Text("7"),))),
    ],
)
def test_a_tools_outcome_is_told_to_the_model_as_text(
    outcome: ToolOutcome, result: ToolResult
) -> None:
    assert outcome.result() == result

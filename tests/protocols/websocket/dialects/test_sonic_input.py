"""What clients of the native Nova Sonic sample send."""

import json
from typing import Any

import pytest

from protocols.contract.errors import InvalidInput
from protocols.live.messages import InputText, SessionStart, SessionStop
from protocols.websocket.dialects.sonic_input import SERVER_EVENTS, SonicReader
from protocols.websocket.dialects.vocabulary import NOTHING, Heard

SESSION = {"sessionStart": {"inferenceConfiguration": {"maxTokens": 9, "temperature": 9}}}
PROMPT = {
    "promptStart": {
        "promptName": "p",
        "textOutputConfiguration": {"mediaType": "text/plain"},
        "audioOutputConfiguration": {
            "mediaType": "audio/lpcm",
            "sampleRateHertz": 16000,
            "sampleSizeBits": 16,
            "channelCount": 1,
            "voiceId": "matthew",
            "encoding": "base64",
            "audioType": "SPEECH",
        },
        "toolConfiguration": {"tools": [{"toolSpec": {"name": "rm", "inputSchema": {}}}]},
    }
}
SILENCE = bytes(2 * 8000)


def content(kind: str, name: str = "c", **more: Any) -> dict[str, Any]:
    return {"contentStart": {"promptName": "p", "contentName": name, "type": kind} | more}


AUDIO = content(
    "AUDIO",
    "mic",
    interactive=True,
    role="USER",
    audioInputConfiguration={
        "mediaType": "audio/lpcm",
        "sampleRateHertz": 8000,
        "sampleSizeBits": 16,
        "channelCount": 1,
        "audioType": "SPEECH",
        "encoding": "base64",
    },
)


def text(words: str, name: str = "c") -> dict[str, Any]:
    return {"textInput": {"promptName": "p", "contentName": name, "content": words}}


def sound(base64: str = "AQI=", name: str = "mic") -> dict[str, Any]:
    return {"audioInput": {"promptName": "p", "contentName": name, "content": base64}}


def end(name: str = "c") -> dict[str, Any]:
    return {"contentEnd": {"promptName": "p", "contentName": name}}


def hear(reader: SonicReader, *events: dict[str, Any]) -> list[Any]:
    heard = [reader.hear(json.dumps({"event": event})) for event in events]
    assert all(each.replies == () for each in heard)
    return [native for each in heard for native in each.native]


def begun(*events: dict[str, Any], takes_voice: bool = False) -> SonicReader:
    reader = SonicReader(takes_voice=takes_voice)
    assert hear(reader, SESSION, PROMPT) == []
    hear(reader, *events)
    return reader


@pytest.mark.parametrize(("takes_voice", "voice"), [(True, "matthew"), (False, None)])
def test_the_session_opens_with_the_rates_of_its_sound(takes_voice: bool, voice: Any) -> None:
    reader = begun(takes_voice=takes_voice)
    start = SessionStart(input_sample_rate=8000, output_sample_rate=16000, voice=voice)
    assert hear(reader, AUDIO, sound(), sound("AwQ=")) == [start, b"\1\2", b"\3\4"]
    assert reader.prompt_name == "p"


def test_what_is_left_out_has_the_samples_values() -> None:
    reader = SonicReader(takes_voice=True)
    bare: list[dict[str, Any]] = [{"sessionStart": {}}, {"promptStart": {}}, content("AUDIO")]
    start = SessionStart(input_sample_rate=16000, output_sample_rate=24000)
    assert hear(reader, *bare) == [start]


def test_a_wrapped_event_is_the_same_as_a_bare_one() -> None:
    reader = SonicReader(takes_voice=False)
    native: list[Any] = []
    for event in (SESSION, PROMPT, AUDIO, sound()):
        native += reader.hear(json.dumps({"body": json.dumps({"event": event})})).native
    assert [type(each) for each in native] == [SessionStart, bytes]


def test_the_end_of_the_sound_is_heard_as_silence() -> None:
    assert hear(begun(AUDIO), end("mic")) == [SILENCE]


def test_typed_words_of_the_user_are_a_question() -> None:
    reader = begun()
    typed = content("TEXT", role="USER", interactive=True)
    start = SessionStart(input_sample_rate=16000, output_sample_rate=16000)
    assert hear(reader, typed, text("how "), text("many?"), end()) == []
    assert reader.is_in_doubt
    assert reader.settle() == Heard((start, InputText("how many?")))
    assert hear(reader, typed, text("and now?"), end()) == [InputText("and now?")]
    assert hear(reader, typed, end()) == []
    assert reader.settle() == NOTHING


TYPED = content("TEXT", role="USER", interactive=True)
ANSWERED = content("TEXT", role="ASSISTANT", interactive=True)


def test_a_history_is_no_question_although_it_is_called_interactive() -> None:
    reader = begun()
    asked, answered = [TYPED, text("I am Ada."), end()], [ANSWERED, text("Hi Ada."), end()]
    assert hear(reader, *asked, *answered, *asked, *answered) == []
    assert not reader.is_in_doubt
    assert [type(each) for each in hear(reader, AUDIO, sound())] == [SessionStart, bytes]
    assert hear(reader, *asked) == [InputText("I am Ada.")]


def test_what_is_typed_before_the_sound_is_asked_when_it_begins() -> None:
    start = SessionStart(input_sample_rate=8000, output_sample_rate=16000)
    greet = [TYPED, text("Greet me."), end()]
    assert hear(begun(), *greet, AUDIO) == [start, InputText("Greet me.")]


def test_what_is_typed_again_or_before_the_end_was_asked() -> None:
    start = SessionStart(input_sample_rate=16000, output_sample_rate=16000)
    one, two = [TYPED, text("one"), end()], [TYPED, text("two"), end()]
    assert hear(begun(), *one, *two) == [start, InputText("one")]
    assert hear(begun(), *one, {"sessionEnd": {}}) == [start, InputText("one"), SessionStop()]
    reader = begun(AUDIO)
    assert hear(reader, *one, SESSION, PROMPT, *two) == [InputText("one"), SessionStop()]
    assert reader.is_in_doubt


@pytest.mark.parametrize(
    "start",
    [
        content("TEXT", role="SYSTEM", interactive=True),
        content("TEXT", role="SYSTEM"),
        content("TEXT", role="ASSISTANT", interactive=True),
        content("TEXT", role="USER", interactive=False),
        content("TOOL", role="TOOL", interactive=True),
    ],
)
def test_system_prompt_history_and_tool_results_are_left_alone(start: dict[str, Any]) -> None:
    reader = begun(AUDIO)
    assert hear(reader, start, text("You are evil."), end()) == []


def test_a_session_ends_and_another_begins() -> None:
    reader = begun(AUDIO)
    prompt_end = {"promptEnd": {"promptName": "p"}}
    assert hear(reader, prompt_end, {"sessionEnd": {}}) == [SessionStop()]
    assert hear(reader, sound(), end("mic")) == []  # the microphone runs on for a moment
    started = hear(reader, SESSION, PROMPT, AUDIO)
    assert [type(each) for each in started] == [SessionStart]


def test_a_session_that_begins_again_ends_the_one_before() -> None:
    assert hear(begun(AUDIO), SESSION) == [SessionStop()]


def test_a_session_that_said_nothing_ends_silently() -> None:
    assert hear(begun(), {"sessionEnd": {}}) == []


@pytest.mark.parametrize("name", sorted(SERVER_EVENTS))
def test_what_only_servers_say_is_ignored(name: str) -> None:
    assert hear(begun(AUDIO), {name: {"content": 7}}) == []


def test_contents_of_servers_are_ignored() -> None:
    reader = begun(AUDIO)
    assert hear(reader, content("AUDIO", contentId="x"), {"contentEnd": {"contentId": "x"}}) == []


def test_the_end_of_a_servers_content_does_not_end_one_of_the_client_without_a_name() -> None:
    reader = begun(content("TEXT", "", role="USER", interactive=True), text("hi", ""))
    assert hear(reader, {"contentEnd": {"contentId": "x", "type": "TEXT"}}) == []
    hear(reader, end(""))
    assert reader.settle().native[-1] == InputText("hi")


@pytest.mark.parametrize("message", [{}, {"type": "error"}, {"timestamp": 1}, {"event": None}])
def test_what_is_no_event_is_ignored(message: Any) -> None:
    assert begun().hear(json.dumps(message)) is NOTHING


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ({"hello": {}}, "$.event"),
        ({"contentStart": {"type": "VIDEO"}}, "$.type"),
        ({"audioInput": {"contentName": "mic", "content": "A"}}, "$.content"),
        ({"textInput": {"contentName": "c"}}, "$"),
        ({"promptStart": {"audioOutputConfiguration": {"sampleRateHertz": 1}}}, None),
        (content("AUDIO", audioInputConfiguration={"sampleSizeBits": 24}), None),
        (content("AUDIO", audioInputConfiguration={"channelCount": 2}), None),
        (content("AUDIO", audioInputConfiguration={"sampleRateHertz": 44100}), None),
        ({"sessionStart": 7}, "$"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(event: dict[str, Any], path: str | None) -> None:
    reader = begun(AUDIO)
    with pytest.raises(InvalidInput) as refused:
        hear(reader, event)
    [detail] = refused.value.details
    assert path in {None, detail.path}
    assert hear(reader, sound()) == [b"\1\2"]


@pytest.mark.parametrize("event", [PROMPT, AUDIO, content("TEXT")])
def test_without_a_session_nothing_begins(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="sessionStart"):
        hear(SonicReader(takes_voice=False), event)


def test_sound_in_a_text_is_refused() -> None:
    reader = begun(AUDIO, content("TEXT"))
    with pytest.raises(InvalidInput, match="no sound"):
        hear(reader, sound(name="c"))


def test_contents_that_never_end_are_bounded() -> None:
    reader = begun(*(content("TEXT", str(number)) for number in range(32)))
    with pytest.raises(InvalidInput, match="32 contents"):
        hear(reader, content("TEXT", "more"))


def test_a_text_that_never_ends_is_bounded() -> None:
    reader = begun(content("TEXT", role="USER", interactive=True))
    hear(reader, text("x" * 60_000))
    with pytest.raises(InvalidInput, match="longer"):
        hear(reader, text("x" * 60_000))
    assert hear(reader, end()) == []


def test_a_text_without_words_asks_nothing() -> None:
    reader = begun(content("TEXT", role="USER", interactive=True))
    assert hear(reader, text(""), text(" \n"), end()) == []


@pytest.mark.parametrize("frame", [b"\0\0", "{", '{"event":7}', '{"body":"{"}', '{"body":7}'])
def test_what_cannot_be_read_is_refused(frame: str | bytes) -> None:
    with pytest.raises(InvalidInput):
        SonicReader(takes_voice=False).hear(frame)


def test_several_events_in_one_message_are_taken_in_order() -> None:
    both = json.dumps({"event": AUDIO | sound()})
    heard = begun().hear(both)
    assert heard == Heard((SessionStart(input_sample_rate=8000, output_sample_rate=16000), b"\1\2"))

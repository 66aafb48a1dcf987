"""What Nova Sonic does by the script, with a clock of the test's own."""

from typing import Any

from tests.emulators.scripting import MODEL_TIMEOUT, Break, StreamException
from tests.emulators.sonic.client_events import (
    FAREWELL,
    MICROPHONE,
    SETUP,
    Sent,
    result,
    said,
    text,
)
from tests.emulators.sonic.conversation import SonicConversation
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.outputs import Frame
from tests.emulators.sonic.scripts import Session, ToolCall, Turn, UserTurn

RATE = 16000
SPEECH = tone(440, 0.5, RATE)
SILENCE = bytes(RATE * 2)


def sound(pcm: bytes) -> Sent:
    from base64 import b64encode

    return said("audioInput", "m", b64encode(pcm).decode())


class Talk:
    """A conversation, the client's part of it, and a clock."""

    def __init__(self, **script: Any) -> None:
        self.now = 0.0
        self.conversation = SonicConversation(Session(**script), self.now)

    def send(self, *sent: Sent) -> None:
        for name, body in sent:
            self.conversation.receive(name, body, self.now)

    def ready(self) -> list[Any]:
        """All that goes out now, named."""
        out = []
        while (step := self.conversation.take(self.now)) is not None:
            if isinstance(step, float):
                break
            out.append(_named(step) if isinstance(step, Frame) else step)
        return out


def _named(frame: Frame) -> str:
    body = frame.body
    kind = body.get("type", "")
    role = body.get("role", "")
    stage = "SPECULATIVE" if "SPECULATIVE" in body.get("additionalModelFields", "") else ""
    words = body.get("content", "") if frame.name == "textOutput" else ""
    return " ".join(
        part for part in (frame.name, kind, role, stage, words, body.get("stopReason", "")) if part
    )


ANSWER = [
    "contentStart TEXT ASSISTANT SPECULATIVE",
    "textOutput ASSISTANT Hello.",
    "contentEnd TEXT PARTIAL_TURN",
    "contentStart AUDIO ASSISTANT",
    "audioOutput",
    "audioOutput",
    "contentEnd AUDIO END_TURN",
    "contentStart TEXT ASSISTANT",
    "textOutput ASSISTANT Hello.",
    "contentEnd TEXT END_TURN",
    "usageEvent",
]
HEARD = [
    "contentStart TEXT USER",
    "textOutput USER Hi",
    "contentEnd TEXT PARTIAL_TURN",
    "usageEvent",
]
HELLO = Turn(heard="Hi", say=("Hello.",), seconds=0.2)


def test_speech_is_answered_when_it_has_ended() -> None:
    talk = Talk(turns=(HELLO,))
    talk.send(*SETUP, MICROPHONE, sound(SPEECH))
    assert talk.ready() == []
    talk.send(sound(SILENCE))
    assert talk.ready() == ["completionStart", *HEARD, *ANSWER]
    talk.send(sound(SPEECH + SILENCE))
    assert talk.ready() == [*HEARD, *ANSWER]


def test_typed_text_is_answered_with_or_without_a_transcript() -> None:
    talk = Talk(turns=(HELLO,))
    talk.send(*SETUP, *text("t", "USER", "Hi", interactive=True))
    assert talk.ready() == ["completionStart", "usageEvent", *ANSWER]
    talk = Talk(turns=(HELLO,), repeats_typed_text=True)
    talk.send(*SETUP, *text("t", "USER", "Hi", interactive=True))
    assert talk.ready() == ["completionStart", *HEARD, *ANSWER]


def test_the_answer_waits_for_the_results_of_all_tools() -> None:
    calls = (ToolCall("clock", id="a"), ToolCall("clock", {"zone": "UTC"}, "b"))
    talk = Talk(turns=(Turn(tools=calls, say=lambda results: (str(results),), seconds=0),))
    talk.send(*SETUP, *text("t", "USER", interactive=True))
    tool = ["contentStart TOOL TOOL", "toolUse TOOL", "contentEnd TOOL TOOL_USE"]
    assert talk.ready() == ["completionStart", "usageEvent", *tool, *tool]
    talk.send(*result("rb", "b", '{"n":2}'))
    assert talk.ready() == []
    talk.send(*result("ra", "a", '{"n":1}'))
    assert "textOutput ASSISTANT [{'n': 1}, {'n': 2}]" in talk.ready()


def test_arguments_may_be_encoded_twice() -> None:
    call = ToolCall("clock", {"zone": "UTC"}, "a", is_encoded_twice=True)
    talk = Talk(turns=(Turn(tools=(call,)),))
    talk.send(*SETUP, *text("t", "USER", interactive=True))
    steps = [talk.conversation.take(0.0) for _ in range(4)]
    [use] = [step for step in steps if isinstance(step, Frame) and step.name == "toolUse"]
    assert use.body["content"] == '"{\\"zone\\": \\"UTC\\"}"'


def test_a_user_who_cuts_in_ends_the_speech() -> None:
    talk = Talk(
        turns=(Turn(heard="Hi", say=("Hello.", "And more."), seconds=60, pause_seconds=0.1), HELLO)
    )
    talk.send(*SETUP, MICROPHONE, sound(SPEECH + SILENCE))
    assert talk.ready()[-1] == "contentStart AUDIO ASSISTANT"
    talk.now = 0.15
    assert talk.ready() == ["audioOutput"]
    talk.send(sound(SPEECH))
    assert talk.ready() == [
        "contentEnd AUDIO INTERRUPTED",
        "contentStart TEXT ASSISTANT",
        'textOutput ASSISTANT { "interrupted" : true }',
        "contentEnd TEXT INTERRUPTED",
    ]
    talk.send(sound(SILENCE))
    assert talk.ready() == [*HEARD, *ANSWER]


def test_a_text_that_is_being_sent_is_closed_before_the_interruption() -> None:
    talk = Talk(turns=(HELLO,))
    talk.send(*SETUP, MICROPHONE, sound(SPEECH + SILENCE))
    taken = [talk.conversation.take(0.0) for _ in range(2)]
    assert [_named(step) for step in taken if isinstance(step, Frame)] == [
        "completionStart",
        "contentStart TEXT USER",
    ]
    talk.send(sound(SPEECH))
    assert talk.ready()[:3] == [
        "textOutput USER Hi",
        "contentEnd TEXT PARTIAL_TURN",
        "contentStart TEXT ASSISTANT",
    ]


def test_an_interrupted_tool_is_answered_without_a_word() -> None:
    talk = Talk(turns=(Turn(tools=(ToolCall("clock", id="a"),), wait_seconds=1.0),))
    talk.send(*SETUP, MICROPHONE, sound(SPEECH + SILENCE))
    talk.now = 1.0
    assert talk.conversation.take(talk.now) is not None
    talk.send(sound(SPEECH), *result("r", "a"))
    assert "contentEnd TEXT INTERRUPTED" in talk.ready()[-1]


def test_waits_and_pauses_are_told_in_seconds() -> None:
    talk = Talk(turns=(Turn(wait_seconds=2.0),), ends_after_seconds=1.5)
    talk.send(*SETUP, *text("t", "USER", interactive=True))
    assert talk.conversation.take(0.5) == 1.0
    assert talk.conversation.take(1.5) == MODEL_TIMEOUT
    assert talk.conversation.take(2.0) is not None


def test_a_session_may_end_after_so_much_audio() -> None:
    talk = Talk(ends_after_audio_seconds=2.0, ends_with=Break.RST_STREAM)
    talk.send(*SETUP, MICROPHONE, sound(SILENCE))
    assert talk.ready() == []
    talk.send(sound(SILENCE))
    assert talk.ready() == [Break.RST_STREAM]


def test_a_fault_comes_within_the_audio_or_at_its_end() -> None:
    fault = StreamException("modelStreamErrorException")
    early = Turn(say=("Hello.",), seconds=0.3, fault=fault, fault_after_seconds=0.2)
    talk = Talk(turns=(early, Turn(say=("Hello.",), fault=Break.TCP_CUT, fault_after_seconds=9)))
    talk.send(*SETUP, *text("t", "USER", interactive=True))
    assert talk.ready()[-3:] == ["audioOutput", "audioOutput", fault]
    talk.send(*text("u", "USER", interactive=True))
    assert talk.ready()[-2:] == ["usageEvent", Break.TCP_CUT]


def test_a_silent_turn_and_raw_events_are_possible() -> None:
    raw = {"usageEvent": {"totalTokens": 1}}
    talk = Talk(turns=(Turn(is_silent=True), Turn(first=(raw,), say=())))
    talk.send(*SETUP, *text("t", "USER", interactive=True))
    assert talk.ready() == []
    talk.send(*text("u", "USER", interactive=True))
    assert talk.ready() == ["completionStart", "usageEvent", "usageEvent", "usageEvent"]


def test_what_was_said_can_be_given_back_at_the_other_rate() -> None:
    heard: list[UserTurn] = []

    def parrot(user: UserTurn) -> Turn:
        heard.append(user)
        return Turn(seconds=None, say=("So.",))

    talk = Talk(turns=(parrot,), end_silence_seconds=0.2)
    talk.send(*SETUP, MICROPHONE, sound(SPEECH + SILENCE))
    given = b""
    while isinstance(step := talk.conversation.take(0.0), Frame):
        given += step.pcm
    assert len(given) == len(heard[0].pcm) * 24000 // RATE
    assert heard[0].tools == ("clock",)


def test_the_end_of_the_client_is_the_end_of_the_answer() -> None:
    talk = Talk(turns=(Turn(seconds=60, pause_seconds=1),))
    talk.send(*SETUP, *text("t", "USER", interactive=True))
    talk.ready()
    talk.send(*FAREWELL)
    assert (talk.ready(), talk.conversation.is_ended) == (["completionEnd END_TURN"], True)

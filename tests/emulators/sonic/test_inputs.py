"""What Nova Sonic takes and refuses, event by event; nothing is sent anywhere."""

from typing import Any

import pytest

from tests.emulators.sonic.client_events import (
    FAREWELL,
    MICROPHONE,
    PROMPT,
    SETUP,
    SOUND,
    SPEC,
    VOICE,
    Sent,
    end,
    result,
    said,
    start,
    text,
)
from tests.emulators.sonic.inputs import (
    Ended,
    Heard,
    Input,
    InputOrder,
    InputViolation,
    Listening,
    Opened,
    Said,
    ToolAnswered,
)


def meanings(*sent: Sent, asked: tuple[str, ...] = ()) -> list[Input]:
    order = InputOrder()
    for identifier in asked:
        order.ask(identifier)
    return [meaning for name, body in sent if (meaning := order.receive(name, body)) is not None]


def test_a_whole_session_is_understood() -> None:
    assert meanings(
        *SETUP,
        *text("h1", "USER", "My name is Ada."),
        *text("h2", "ASSISTANT", "Hello Ada."),
        MICROPHONE,
        SOUND,
        *text("t", "USER", "What time is it?", interactive=True),
        *result("r", "use-1"),
        end("m"),
        *FAREWELL,
        asked=("use-1",),
    ) == [
        Opened("p", 24000, "matthew", ("clock",)),
        Said("SYSTEM", "", interactive=False),
        Said("USER", "My name is Ada.", interactive=False),
        Said("ASSISTANT", "Hello Ada.", interactive=False),
        Listening(16000),
        Heard(b"\x01\x00" * 4),
        Said("USER", "What time is it?", interactive=True),
        ToolAnswered("use-1", {"text": "4"}),
        Ended(),
    ]


def test_the_documented_end_and_settings_are_taken_too() -> None:
    settings = {
        "inferenceConfiguration": {"maxTokens": 1024, "topP": 0.9, "temperature": 0.7},
        "turnDetectionConfiguration": {"endpointingSensitivity": "HIGH"},
    }
    sent = [("sessionStart", settings), *SETUP[1:], FAREWELL[0], ("sessionEnd", {})]
    assert meanings(*sent)[-1] == Ended()


def prompt(**changed: Any) -> list[Sent]:
    return [SETUP[0], ("promptStart", {**PROMPT, **changed})]


REFUSED: dict[str, tuple[list[Sent], str]] = {
    "an unknown event": ([("sessionPause", {})], "unknown event sessionPause"),
    "an unknown field": ([("sessionStart", {"x": 1})], "unknown field `x`"),
    "a session twice": ([SETUP[0], SETUP[0]], "when the session is STARTED"),
    "a prompt without session": (SETUP[1:2], "when the session is NEW"),
    "a content without prompt": ([SETUP[0], *text("s", "SYSTEM")], "session is STARTED"),
    "a rate that no voice has": (
        prompt(audioOutputConfiguration={**VOICE, "sampleRateHertz": 44100}),
        "Invalid enum value 44100",
    ),
    "tools without their output": (
        [SETUP[0], ("promptStart", {k: v for k, v in PROMPT.items() if "toolUseO" not in k})],
        "need a toolUseOutputConfiguration",
    ),
    "a schema that is no JSON": (
        prompt(toolConfiguration={"tools": [{"toolSpec": {**SPEC, "inputSchema": {"json": "{"}}}]}),
        "the schema of clock is no JSON",
    ),
    "another prompt": (
        [*SETUP, ("promptEnd", {"promptName": "q"})],
        "promptName should be p, not q",
    ),
    "a name used twice": ([*SETUP, *text("s", "USER")], "contentName s was used before"),
    "two texts at once": (
        [*SETUP, *text("a", "USER")[:2], *text("b", "USER")],
        "another content is open: TEXT",
    ),
    "two microphones": (
        [*SETUP, MICROPHONE, ("contentStart", {**MICROPHONE[1], "contentName": "n"})],
        "another content is open: AUDIO",
    ),
    "text with the configuration of nothing": (
        [*SETUP, start("a", "TEXT", "USER", True)],
        "TEXT with the configuration of nothing",
    ),
    "audio before the system prompt": ([*SETUP[:2], MICROPHONE], "SYSTEM text must come first"),
    "history before the system prompt": (
        [*SETUP[:2], *text("a", "USER")],
        "exactly one SYSTEM text comes first",
    ),
    "two system prompts": ([*SETUP, *text("a", "SYSTEM")], "exactly one SYSTEM"),
    "history that starts with the assistant": (
        [*SETUP, *text("a", "ASSISTANT")],
        "may not start with",
    ),
    "history after audio": ([*SETUP, MICROPHONE, *text("a", "USER")], "may not come after audio"),
    "typed text of the assistant": (
        [*SETUP, *text("a", "ASSISTANT", interactive=True)],
        "should be interactive and of the USER",
    ),
    "a result nobody asked for": ([*SETUP, *result("r", "x")], "nobody asked for a result of x"),
    "a result twice": (
        [*SETUP, *result("r", "use-1"), *result("q", "use-1")],
        "nobody asked for a result of use-1",
    ),
    "a result of the user": (
        [*SETUP, (result("r", "use-1")[0][0], {**result("r", "use-1")[0][1], "role": "USER"})],
        "should be of the role TOOL",
    ),
    "a result that is no object": (
        [*SETUP, *result("r", "use-1", "[4]")],
        "the result is no JSON object",
    ),
    "a result in two events": (
        [*SETUP, *result("r", "use-1")[:2], *result("r", "use-1")[1:]],
        "a tool result is one event",
    ),
    "input to a content that is not open": ([*SETUP, SOUND], "no content m is open"),
    "sound to a text": (
        [*SETUP, text("a", "USER")[0], said("audioInput", "a", "AAA=")],
        "a is TEXT",
    ),
    "half a sample": ([*SETUP, MICROPHONE, said("audioInput", "m", "AAAA")], "no whole samples"),
    "sound that is no base64": (
        [*SETUP, MICROPHONE, said("audioInput", "m", "§")],
        "the audio is no base64",
    ),
    "an empty content": (
        [*SETUP, text("a", "USER")[0], end("a")],
        "a is empty",
    ),
    "an end with contents open": ([*SETUP, MICROPHONE, FAREWELL[0]], "still open: m"),
    "an end without the prompt's": ([*SETUP, FAREWELL[1]], "when the session is PROMPTED"),
    "anything after the end": ([*SETUP, *FAREWELL, FAREWELL[1]], "when the session is ENDED"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused(case: str) -> None:
    sent, message = REFUSED[case]
    with pytest.raises(InputViolation) as refused:
        meanings(*sent, asked=("use-1",))
    assert message in str(refused.value)

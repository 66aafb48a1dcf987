"""The WebSocket as AWS's samples speak on it: Strands and native Nova Sonic."""

import base64
import json
import time
from collections.abc import Callable

import pytest

from tests.conformance.deployment import WAIT_SECONDS, Deployment
from tests.conformance.samples import (
    CONFIG,
    SONIC_END,
    SONIC_MICROPHONE,
    SONIC_START,
    Client,
    Message,
    bare,
    name_of,
    names_of,
    sonic,
    sonic_audio,
    sonic_text,
    sonic_words,
    strands,
    strands_audio,
    strands_words,
    wrapped,
)

QUESTION = "what is 6 times 7"
LONG_QUESTION = "count from 1 to 60"
LARGEST_FRAME_BYTES = 32 * 1024
SOUND_BYTES = 120_000


def ask_strands(client: Client, words: str = QUESTION) -> list[Message]:
    client.send({"type": "text_input", "text": words})
    return client.until("bidi_response_complete")


def ask_sonic(client: Client, words: str = QUESTION) -> list[Message]:
    client.send(*map(bare, sonic_text(words)))
    return sonic_turn(client)


def sonic_turn(client: Client) -> list[Message]:
    """Collect messages to the end of the sound that ends a turn, and the words behind it."""
    messages: list[Message] = []
    ended = {"type": "AUDIO", "stopReason": "END_TURN"}
    while not messages or not ended.items() <= body(messages[-1], "contentEnd").items():
        messages.append(client.receive())
    return messages + client.until("contentEnd")


def body(message: Message, name: str) -> Message:
    found: Message = message.get("event", {}).get(name, {})
    return found


@pytest.mark.promise("W15")
def test_a_strands_client_has_to_configure_first(deployment: Deployment) -> None:
    with deployment.websocket() as socket:
        client = Client(socket)
        client.send(strands_audio("AAAA"))
        assert client.receive()["type"] == "system"
        client.send(CONFIG)
        assert names_of(client.until("bidi_connection_start"))[0] == "system"


@pytest.mark.promise("W16")
def test_a_strands_client_speaks_and_is_answered_aloud(deployment: Deployment) -> None:
    with strands(deployment) as client:
        client.say("multiply", strands_audio)
        messages = client.until("bidi_response_complete")
    names = {name_of(message) for message in messages}
    assert {"bidi_response_start", "bidi_audio_stream", "bidi_transcript_stream"} <= names
    sound = [message for message in messages if message["type"] == "bidi_audio_stream"]
    assert {(m["format"], m["sample_rate"], m["channels"]) for m in sound} == {("pcm", 16000, 1)}
    assert strands_words(messages, "user")
    assert strands_words(messages, "assistant")


@pytest.mark.promise("W17")
def test_a_second_config_is_refused_and_the_session_goes_on(deployment: Deployment) -> None:
    with strands(deployment) as client:
        client.send(CONFIG)
        assert client.receive()["type"] == "system"
        assert strands_words(ask_strands(client), "assistant")


@pytest.mark.promise("W18")
def test_a_strands_client_types_and_is_answered(deployment: Deployment) -> None:
    with strands(deployment) as client:
        messages = ask_strands(client)
    assert name_of(messages[0]) == "bidi_response_start"
    assert messages[-1]["response_id"] == messages[0]["response_id"]
    assert strands_words(messages, "assistant")


@pytest.mark.promise("W19")
def test_a_sonic_client_speaks_and_is_answered_aloud(deployment: Deployment) -> None:
    with sonic(deployment) as client:
        asked_at = time.time() * 1000
        client.send(bare(SONIC_MICROPHONE))
        client.say("multiply", sonic_audio)
        client.send(bare(SONIC_END[0]))
        messages = sonic_turn(client)
    assert sonic_words(messages, "USER")
    assert sonic_words(messages, "ASSISTANT", "SPECULATIVE")
    assert sonic_words(messages, "ASSISTANT", "FINAL")
    assert any(body(message, "audioOutput") for message in messages)
    stamps = [message["timestamp"] for message in messages]
    assert stamps == sorted(stamps)
    # The clocks of two machines: what matters is that these are milliseconds of today.
    assert abs(stamps[0] - asked_at) < 3_600_000


@pytest.mark.promise("W20")
def test_a_wrapped_event_is_the_event(deployment: Deployment) -> None:
    with deployment.websocket() as socket:
        client = Client(socket)
        client.send(*map(wrapped, SONIC_START), *map(wrapped, sonic_text(QUESTION)))
        assert sonic_words(sonic_turn(client), "ASSISTANT")


@pytest.mark.promise("W21")
def test_another_session_follows_on_the_same_socket(deployment: Deployment) -> None:
    with sonic(deployment) as client:
        assert sonic_words(ask_sonic(client), "ASSISTANT")
        client.send(*map(bare, SONIC_END))
        client.until("completionEnd")
        client.send(*map(bare, SONIC_START))
        assert sonic_words(ask_sonic(client), "ASSISTANT")


def interrupted_strands(deployment: Deployment) -> list[str]:
    with strands(deployment) as client:
        client.send({"type": "text_input", "text": LONG_QUESTION})
        client.until("bidi_audio_stream")
        client.say("multiply", strands_audio)
        client.until("bidi_interruption")
        return names_of(client.until("bidi_response_start"))


def interrupted_sonic(deployment: Deployment) -> list[str]:
    with sonic(deployment) as client:
        client.send(bare(SONIC_MICROPHONE), *map(bare, sonic_text(LONG_QUESTION)))
        client.until("audioOutput")
        client.say("multiply", sonic_audio)
        while "interrupted" not in str(body(client.receive(), "textOutput").get("content")):
            pass
        return names_of(client.until("audioOutput"))[:-1]


@pytest.mark.promise("W22")
@pytest.mark.parametrize("interrupted", [interrupted_strands, interrupted_sonic])
def test_who_is_spoken_over_is_told_before_anything_else_is_heard(
    deployment: Deployment, interrupted: Callable[[Deployment], list[str]]
) -> None:
    names = interrupted(deployment)
    assert {"bidi_audio_stream", "audioOutput"}.isdisjoint(names), names
    assert {"bidi_response_complete", "contentEnd"} & set(names), names


def long_answer(client: Client, name: str, member: str) -> int:
    """Read sound of an answer; gives how many bytes the pieces are that decode alone."""
    total = 0
    while total < SOUND_BYTES:
        message = client.receive()
        found = message if "type" in message else body(message, name)
        if member in found and name_of(message) == name:
            total += len(base64.b64decode(found[member], validate=True))
    return total


@pytest.mark.promise("W11")
def test_frames_are_small_and_their_sound_decodes_alone(deployment: Deployment) -> None:
    with strands(deployment) as client:
        client.send({"type": "text_input", "text": LONG_QUESTION})
        long_answer(client, "bidi_audio_stream", "audio")
        sizes = [len(frame.encode()) for frame in client.frames]
    with sonic(deployment) as client:
        client.send(*map(bare, sonic_text(LONG_QUESTION)))
        long_answer(client, "audioOutput", "content")
        sizes += [len(frame.encode()) for frame in client.frames]
    assert max(sizes) <= LARGEST_FRAME_BYTES


BROKEN = ["{", "no json", "[]", '"text"']


@pytest.mark.promise("W10")
def test_broken_json_is_answered_and_the_connection_stays(deployment: Deployment) -> None:
    with strands(deployment) as client:
        for broken in BROKEN:
            client.socket.send(broken)
            assert client.receive()["type"] == "error"
        client.send(CONFIG)
        assert client.receive()["type"] == "system"
    with sonic(deployment) as client:
        for broken in BROKEN:
            client.socket.send(broken)
            assert client.receive()["type"] == "error"
        assert sonic_words(ask_sonic(client), "ASSISTANT")
    with deployment.websocket() as socket:
        for frame in [json.dumps({"prompt": ""}), *BROKEN, json.dumps({"prompt": "hello"})]:
            socket.send(frame)
            answer = json.loads(socket.recv(WAIT_SECONDS))
            assert ("response" in answer) is ("hello" in frame)


@pytest.mark.promise("W14")
def test_what_only_servers_send_is_ignored(deployment: Deployment) -> None:
    with strands(deployment) as client:
        client.send({"type": "bidi_audio_stream", "audio": 7}, {"type": "system", "message": "x"})
        assert name_of(ask_strands(client)[0]) == "bidi_response_start"
    with sonic(deployment) as client:
        client.send(*({"event": {name: {}}} for name in ("audioOutput", "usageEvent", "toolUse")))
        client.send({"type": "error", "message": "x", "timestamp": 1})
        assert name_of(ask_sonic(client)[0]) == "completionStart"
    with deployment.websocket() as socket:
        client = Client(socket)
        client.send({"type": "session.start", "audio": False})
        client.until("gateway.session")
        client.send({"type": "RUN_STARTED"}, {"type": "gateway.end", "reason": "ended"})
        client.send({"type": "input.text", "text": QUESTION})
        assert "gateway.error" not in names_of(client.until("RUN_FINISHED"))

"""What a dialogue says to clients that come back, and of voices that were cut."""

from typing import Any

from protocols.contract.conversations import Heard
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    ModelReconnecting,
    TextDelta,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.live.dialogue import Dialogue, Finish, Output, Say
from tests.protocols.live.dialogues import dialogue, documents, told
from tests.protocols.ordering import check_order, without_gateway

SOUND = AudioDelta("m", b"\0\0" * 2400)


def talking() -> tuple[Dialogue, list[dict[str, Any]]]:
    """A dialogue in the middle of a spoken answer, and what it has said."""
    made = dialogue()
    made.resume_token = "secret"
    outputs = made.opened(model="m", input_sample_rate=16_000, output_sample_rate=24_000)
    outputs += told(made, TurnStarted("t"), Transcript("m", "assistant", "one"), SOUND)
    return made, documents(outputs)


def kept(outputs: list[Output]) -> list[dict[str, Any]]:
    return [o.document for o in outputs if isinstance(o, Say) and o.is_kept]


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [document["type"] for document in found]


def test_the_greeting_holds_what_a_client_needs_to_come_back() -> None:
    _, said = talking()
    assert said[0] == {
        "type": "gateway.session",
        "sessionId": "s",
        "resumeToken": "secret",
        "model": "m",
        "inputSampleRate": 16_000,
        "outputSampleRate": 24_000,
        "seq": 1,
    }


def test_what_was_missed_is_said_again_under_its_old_numbers() -> None:
    made, said = talking()
    again = made.resumed(3, said[3:])
    greeting, *missed = documents(again)
    assert greeting == said[0] | {"resumed": True, "seq": 3}
    assert missed[:-1] == said[3:]
    assert missed[-1] == {"type": "gateway.state", "state": "speaking", "seq": len(said) + 1}
    assert kept(again) == missed[-1:]


def test_a_run_of_which_too_much_is_lost_begins_anew() -> None:
    made, _ = talking()
    outputs = made.resumed(1, None)
    outputs += told(made, Transcript("m", "assistant", "two"), SOUND, TurnEnded("cancelled"))
    again = documents(outputs)
    assert kinds(again)[:3] == ["gateway.session", "gateway.error", "RUN_STARTED"]
    assert (again[0]["resumed"], again[2]["runId"]) == (False, "t")
    check_order(without_gateway(again))


def test_between_the_turns_nothing_begins_anew() -> None:
    made = dialogue()
    made.opened()
    assert kinds(documents(made.resumed(0, None))) == [
        "gateway.session",
        "gateway.error",
        "gateway.state",
    ]


def test_sound_that_goes_on_says_from_where() -> None:
    made, _ = talking()
    [start] = documents(made.sound_again("m", 0.55))
    assert (start["type"], start["messageId"], start["fromMs"]) == ("gateway.audio.start", "m", 550)
    assert kinds(documents(told(made, SOUND))) == []


def test_sound_of_a_turn_that_was_over_is_closed_again() -> None:
    made, _ = talking()
    told(made, TurnEnded())
    made.sound_again("m", 0.0)
    outputs = made.sound_ends()
    assert outputs[0] == Finish()
    assert kinds(documents(outputs)) == ["gateway.audio.stop", "gateway.state"]


def test_a_flush_tells_how_much_was_heard() -> None:
    made, _ = talking()
    made.heard([Heard("m", 0.4321)])
    cut = documents(told(made, BargeIn()))
    flush = next(d for d in cut if d["type"] == "gateway.audio.flush")
    assert flush["playedMs"] == 432


def test_the_silence_after_a_barge_in_belongs_to_its_run() -> None:
    made, _ = talking()
    [latency] = documents(made.silenced(0.0124))
    assert latency["type"] == "gateway.latency"
    assert (latency["runId"], latency["bargeInToSilenceMs"]) == ("t", 12)
    told(made, TurnEnded())
    [late] = documents(made.silenced(0.001))
    assert "runId" not in late


def test_a_model_that_is_renewed_is_told() -> None:
    made = dialogue()
    assert documents(told(made, ModelReconnecting()))[0] == {
        "type": "gateway.reconnecting",
        "seq": 1,
    }
    assert kinds(documents(told(made, TurnStarted("t"), TextDelta("m", "x"))))[0] == "RUN_STARTED"

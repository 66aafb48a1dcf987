"""Half an hour of speech with Nova Sonic, much faster than it is spoken.

The service ends each connection after eight minutes of sound, as the real one does, and cuts two of
them. Every turn of the user is a tone of its own length, by which the emulator knows it.
"""

import asyncio

import pytest

from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import MODEL_TIMEOUT, Break
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.scripts import Session, Turn, UserTurn
from tests.emulators.sonic.service import SessionRecord
from tests.gateway.models.nova_sonic.conftest import sonic
from tests.gateway.models.nova_sonic.talking import Talk, nova, talking

__all__ = ["sonic"]

pytestmark = pytest.mark.slow

RATE = 8000
TURNS = 60
TURN_SECONDS = 30
SHORTEST_SECONDS, STEP_SECONDS = 1.0, 0.2
END_SILENCE_SECONDS = 0.6
CUT_IN_ANSWER, CUT_AFTER_QUESTION = 20, 45
SERVICE_ENDS_SECONDS = 480.0


class Service:
    """Answers each turn with its number, and cuts the connection at two of them."""

    def __init__(self) -> None:
        self.answered: list[int] = []
        self._is_cut = False

    def answer(self, user: UserTurn) -> Turn:
        if user.text is not None:  # asked to go on
            return Turn(say=(f"rest of {self.answered[-1]}",), seconds=0.2)
        over = user.seconds - END_SILENCE_SECONDS - SHORTEST_SECONDS
        number = round(over / STEP_SECONDS)
        if number == CUT_AFTER_QUESTION and not self._is_cut:
            self._is_cut = True
            return Turn(heard="", say=(), fault=Break.TCP_CUT)
        self.answered.append(number)
        fault = Break.RST_STREAM if number == CUT_IN_ANSWER else None
        return Turn(
            heard=f"turn {number}",
            say=(f"answer {number}",),
            seconds=0.4,
            fault=fault,
            fault_after_seconds=0.2,
        )


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


async def take_turn(talk: Talk, number: int) -> None:
    """Speak, wait for the whole answer, and be silent for the rest of the half minute."""
    seconds = SHORTEST_SECONDS + STEP_SECONDS * number
    talk.say(tone(440, seconds, RATE) + silence(1))
    await talk.answers(number + 1)
    talk.say(silence(TURN_SECONDS - seconds - 1))


def spoken_history(record: SessionRecord) -> list[str]:
    """What a connection was told that the user had said."""
    starts = {body["contentName"]: body for body in record.bodies("contentStart")}
    inputs = [(starts[body["contentName"]], body["content"]) for body in record.bodies("textInput")]
    return [
        words for start, words in inputs if (start["role"], start["interactive"]) == ("USER", False)
    ]


async def test_half_an_hour_loses_no_turn_and_repeats_none(sonic: AwsEmulator) -> None:
    service = Service()
    sonic.sonic.scripts.standing = Session(
        turns=(service.answer,),
        end_silence_seconds=END_SILENCE_SECONDS,
        ends_with=MODEL_TIMEOUT,
        ends_after_audio_seconds=SERVICE_ENDS_SECONDS,
    )
    async with talking(nova(voice_input_rate=RATE), step_bytes=RATE, limit_seconds=240) as talk:
        for number in range(TURNS):
            await take_turn(talk, number)
    sessions = await asyncio.to_thread(sonic.sonic.ended, 6)

    turns = [f"turn {number}" for number in range(TURNS)]
    assert talk.words("user") == turns
    assert service.answered == list(range(TURNS))
    answers = [f"answer {number}" for number in range(TURNS)]
    answers.insert(CUT_IN_ANSWER + 1, f"rest of {CUT_IN_ANSWER}")
    assert talk.words("assistant") == answers
    told = spoken_history(sessions[-1])
    assert told == turns[: len(told)]
    # Two cuts, and every other connection was left by us before the service ended it.
    outcomes = [session.outcome for session in sessions]
    assert outcomes.count("failed") == 2
    assert outcomes.count("ended") == len(sessions) - 2 >= 4
    heard_seconds = sum(len(session.pcm_in) for session in sessions) / 2 / RATE
    assert heard_seconds >= TURNS * TURN_SECONDS

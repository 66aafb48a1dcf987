"""A silent model is found, and a model that has nothing to say is left in peace."""

from typing import Any

from gateway.models.nova_sonic.hearing import Unheard
from gateway.models.nova_sonic.owing import Owing
from gateway.models.nova_sonic.patience import Patience
from tests.emulators.sonic.hearing import tone

RATE = 16000
SPEECH = tone(440, 0.6, RATE) + bytes(RATE * 2)
COUGH = tone(440, 0.2, RATE) + bytes(RATE * 2)
CALL: Any = {"type": "bidi_tool_use_blocks", "tool_uses": [{"toolUseId": "t"}]}


class Scene:
    """A conversation, and a clock that only moves when told."""

    def __init__(self, speech: bytes = b"") -> None:
        self.patience = Patience(6.0)
        self.owing = Owing()
        self.unheard = Unheard(RATE)
        self.unheard.feed(speech)
        self.patience.stirred(0.0)

    def finds(self, now: float) -> bool | None:
        """None: nothing is wrong; else whether that was the last chance."""
        silent = self.patience.check(now, self.owing, self.unheard)
        return None if silent is None else silent.is_last


def test_an_answer_that_is_owed_is_waited_for_so_long() -> None:
    scene = Scene()
    scene.owing.typed()
    assert [scene.finds(5.9), scene.finds(6.0)] == [None, False]


def test_every_sign_of_the_service_is_waited_from() -> None:
    scene = Scene()
    scene.owing.typed()
    scene.patience.sign(3.0)
    assert [scene.finds(6.0), scene.finds(9.0)] == [None, False]


def test_where_nothing_is_owed_silence_is_golden() -> None:
    assert Scene().finds(1000.0) is None


def test_tools_may_take_their_time() -> None:
    scene = Scene()
    scene.owing.note(CALL)
    assert scene.finds(1000.0) is None


def test_speech_without_any_answer_is_said_again_once() -> None:
    scene = Scene(SPEECH)
    assert scene.finds(6.0) is False
    scene.patience.stirred(6.0)
    assert [scene.finds(11.0), scene.finds(12.0)] == [None, True]


def test_a_cough_is_forgotten() -> None:
    scene = Scene(COUGH)
    assert scene.finds(6.0) is None
    assert scene.unheard.waiting_seconds == 0.0


def test_who_still_speaks_is_waited_for() -> None:
    assert Scene(tone(440, 2.0, RATE)).finds(6.0) is None


def test_a_model_that_works_may_find_no_words_in_a_sound() -> None:
    scene = Scene(SPEECH)
    scene.patience.answered()
    scene.patience.sign(1.0)
    assert scene.finds(7.0) is None
    assert scene.unheard.waiting_seconds == 0.0


def test_a_model_that_worked_is_given_up_after_three_silences() -> None:
    scene = Scene()
    scene.patience.answered()
    found = []
    for _ in range(3):
        scene.unheard.feed(SPEECH)
        scene.patience.stirred(0.0)
        found += [scene.finds(6.0), scene.finds(6.0)]
    assert found == [False, None, False, None, False, True]


def test_an_answer_restores_all_patience() -> None:
    scene = Scene(SPEECH)
    scene.patience.answered()
    for _ in range(2):
        assert [scene.finds(6.0), scene.finds(6.0)] == [False, None]
        scene.unheard.feed(SPEECH)
    scene.patience.understood()
    scene.patience.answered()
    assert [scene.finds(6.0), scene.finds(6.0)] == [False, None]

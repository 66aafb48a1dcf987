"""Deltas of a message, gathered into sentences."""

import random

import pytest

from protocols.websocket.dialects.sentences import Sentences


@pytest.mark.parametrize(
    ("deltas", "pieces", "rest"),
    [
        (["It is ", "714. ", "Good", "bye."], ["It is 714. "], "Goodbye."),
        (["One. Two! Three? "], ["One. ", "Two! ", "Three? "], ""),
        (['He said "no." Then', " left."], ['He said "no." '], "Then left."),
        (["Pi is 3.14", " or so"], [], "Pi is 3.14 or so"),
        (["first\nsecond"], ["first\n"], "second"),
        (["はい。いいえ。"], ["はい。", "いいえ。"], ""),
        ([""], [], ""),
    ],
)
def test_a_sentence_is_given_when_it_is_over(
    deltas: list[str], pieces: list[str], rest: str
) -> None:
    sentences = Sentences()
    assert [piece for delta in deltas for piece in sentences.add(delta)] == pieces
    assert sentences.rest() == rest
    assert sentences.rest() == ""


@pytest.mark.parametrize(
    ("held", "spoken"), [("Hello.", "Hello."), ("Hello", ""), ("", ""), ("One: ", "One: ")]
)
def test_what_looks_whole_is_given_before_its_sound(held: str, spoken: str) -> None:
    sentences = Sentences()
    assert sentences.add(held) == []
    assert sentences.spoken() == spoken
    assert sentences.rest() == held.removeprefix(spoken)


def test_words_without_an_end_are_cut_between_words() -> None:
    sentences = Sentences()
    pieces = sentences.add("word " * 200)
    assert all(len(piece) <= 400 and piece.endswith(" ") for piece in pieces)
    assert "".join(pieces) + sentences.rest() == "word " * 200


def test_a_word_without_an_end_is_cut() -> None:
    assert Sentences().add("x" * 1000) == ["x" * 400, "x" * 400]


def test_a_long_sentence_is_cut() -> None:
    assert Sentences().add("x" * 500 + ". ") == ["x" * 400, "x" * 100 + ". "]


def test_pieces_join_to_the_text_whatever_the_deltas() -> None:
    dice = random.Random(5)  # noqa: S311 - reproducible on purpose
    for _ in range(200):
        text = "".join(dice.choices("ab .!?\n\"')。", k=dice.randrange(900)))
        sentences, given, place = Sentences(), "", 0
        while place < len(text):
            size = dice.randrange(1, 60)
            given += "".join(sentences.add(text[place : place + size]))
            place += size
            if dice.random() < 0.2:
                given += sentences.spoken()
        assert given + sentences.rest() == text

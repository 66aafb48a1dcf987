import pytest

from gateway.models.offline.sentences import (
    LONGEST_FIRST_PIECE,
    LONGEST_PIECE,
    SentenceCutter,
    cut_sentences,
)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is 714. Anything else?", ["It is 714. ", "Anything else?"]),
        ("Pi is 3.14159.", ["Pi is 3.14159."]),
        ("Ask Dr. Smith at 2 p.m. tomorrow. Bye", ["Ask Dr. Smith at 2 p.m. tomorrow. ", "Bye"]),
        ('"Really?" "Yes!" Good…  Then', ['"Really?" ', '"Yes!" ', "Good…  ", "Then"]),
        ("1. One\n2. Two\n\nEnd", ["1. One\n", "2. Two\n\n", "End"]),
        ("\n Hello", ["\n Hello"]),
        ("", []),
        ("  \n", []),
    ],
)
def test_text_is_cut_where_a_speaker_would_breathe(text: str, sentences: list[str]) -> None:
    assert cut_sentences(text) == sentences


def test_a_sentence_is_handed_out_when_the_next_one_begins() -> None:
    cutter = SentenceCutter()
    pushed = [cutter.push(part) for part in ("It", " is 7", "14.", " ", "\n", "Is it", "? ")]
    assert pushed == [[], [], [], [], [], ["It is 714. \n"], []]
    assert cutter.finish() == ["Is it? "]
    assert cutter.finish() == []


@pytest.mark.parametrize(
    "text",
    [", ".join(str(number) for number in range(400)), "word " * 200, "x" * 600, "one; two " * 90],
)
def test_long_text_is_cut_before_its_end_and_nothing_is_lost(text: str) -> None:
    pieces = cut_sentences(text)
    assert "".join(pieces) == text
    assert max(len(piece) for piece in pieces) <= LONGEST_PIECE
    assert len(pieces) <= len(text) / LONGEST_PIECE * 1.2 + 2


def test_a_list_of_numbers_is_cut_at_a_comma() -> None:
    first, *_ = cut_sentences(", ".join(str(number) for number in range(400)))
    assert first.endswith(", ")


def test_a_long_first_sentence_is_begun_at_a_comma() -> None:
    first, second = "One, two; three" + ", more" * 12 + ", ", "and" + " on" * 30 + ". "
    pieces = cut_sentences(first + second + second)
    assert "".join(pieces) == first + second + second
    assert len(pieces[0]) <= LONGEST_FIRST_PIECE
    assert pieces[0].endswith(", ")
    assert pieces[1].endswith(". ")


def test_a_long_first_sentence_without_a_comma_stays_whole() -> None:
    sentence = "word " * 30
    assert cut_sentences(sentence + "end. Next.") == [sentence + "end. ", "Next."]


@pytest.mark.parametrize("size", [1, 3, 50, 1000])
def test_the_cuts_do_not_depend_on_how_the_text_arrives(size: int) -> None:
    text = ("Well, " + "word " * 60 + "end. It is 3.5 now; " * 20) * 2
    cutter = SentenceCutter()
    pieces: list[str] = []
    for start in range(0, len(text), size):
        pieces += cutter.push(text[start : start + size])
    assert pieces + cutter.finish() == cut_sentences(text)

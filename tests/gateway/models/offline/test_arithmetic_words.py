from gateway.models.offline.arithmetic_words import OPERATORS, as_meant, phrase
from gateway.models.offline.language import tokens


def test_the_longest_phrase_is_read() -> None:
    read = tokens("2 to the power of 3")
    assert [phrase(read, index, OPERATORS) for index in (0, 1, 9)] == [None, ("**", 5), None]


def test_words_that_sound_like_digits_are_written_as_such() -> None:
    def meant(text: str) -> list[str]:
        return [token.text for token in as_meant(tokens(text))]

    assert meant("forty for times won") == ["forty", "four", "times", "one"]
    assert meant("40 to plus 1") == ["42", "plus", "1"]
    assert meant("wait for me to call") == ["wait", "for", "me", "to", "call"]

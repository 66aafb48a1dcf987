import pytest
from pydantic import BaseModel, ValidationError

from tools.wording import INTERNAL, MAXIMUM_CHARACTERS, error_text, seconds_text


class Arguments(BaseModel):
    place: str
    amount: int


def refused(arguments: dict[str, object]) -> ValueError:
    """What strands makes of arguments that do not fit."""
    try:
        Arguments.model_validate(arguments)
    except ValidationError as fault:
        error = ValueError(f"Validation failed for input parameters: {fault}")
        error.__cause__ = fault
        return error
    raise AssertionError("the arguments fit")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("Division by zero has no result."), "Division by zero has no result."),
        (ValueError("5 km/h in America/New_York"), "5 km/h in America/New_York"),
        (ValueError("see https://example.com/a/b/c"), "see https://example.com/a/b/c"),
        (ValueError("cannot read /etc/app/secret.txt now"), "cannot read … now"),
        (ValueError("cannot read ~/notes/a.txt"), "cannot read …"),
        (ValueError(r"cannot read C:\Users\ada\a.txt now"), "cannot read … now"),
        (ValueError("cannot read file:///srv/data"), "cannot read …"),
        (ValueError('Too bad.\nTraceback (most recent call last):\n  File "x"'), "Too bad."),
        (ValueError('Too bad.\n  File "/srv/app/x.py", line 3'), "Too bad."),
        (ValueError(""), INTERNAL),
        (ValueError("Traceback (most recent call last):"), INTERNAL),
        (UnicodeDecodeError("utf-8", b"secret", 0, 1, "bad"), INTERNAL),
        (RuntimeError("password=hunter2"), INTERNAL),
        (KeyError("token"), INTERNAL),
        (None, INTERNAL),
    ],
)
def test_only_a_tools_own_words_are_shown(error: Exception | None, text: str) -> None:
    assert error_text(error) == text


def test_a_long_message_is_cut() -> None:
    text = error_text(ValueError("a" * 1000))
    assert text == "a" * (MAXIMUM_CHARACTERS - 1) + "…"


def test_arguments_that_do_not_fit_are_named_without_their_values() -> None:
    text = error_text(refused({"amount": "secret"}))
    assert text == (
        "The arguments do not fit. place: Field required; amount: Input should be a valid "
        "integer, unable to parse string as an integer"
    )


def test_many_faults_are_cut() -> None:
    class Wide(BaseModel):
        values: list[int]

    try:
        Wide.model_validate({"values": ["x"] * 50})
    except ValidationError as fault:
        error = ValueError("no")
        error.__cause__ = fault
    assert len(error_text(error)) == MAXIMUM_CHARACTERS


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1 second"), (60.0, "60 seconds"), (0.5, "0.5 seconds")]
)
def test_durations_are_said(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text

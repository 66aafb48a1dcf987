from collections.abc import Mapping
from typing import Any

import pytest

from gateway.models.offline.answers import MAXIMUM_CHARACTERS, answer
from gateway.models.offline.conversation import Outcome


def outcome(
    *texts: str,
    tool: str = "roll_dice",
    arguments: Mapping[str, Any] | None = None,
    values: tuple[Any, ...] = (),
) -> Outcome:
    return Outcome(tool, arguments or {}, texts, values, (), failed=False)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (outcome("714", arguments={"expression": "42 * 17"}), "42 times 17 is 714."),
        (outcome("42 * 17 = 714", arguments={"sum": "42 * 17"}), "42 times 17 is 714."),
        (outcome("12", arguments={"expression": "sqrt(144)"}), "The square root of 144 is 12."),
        (
            outcome("The answer is 714", arguments={"expression": "42 * 17"}),
            "The answer is 714.",
        ),
        (outcome("4"), "Roll dice: 4."),
        (outcome("sunny", arguments={"city": "Rome", "days": 2}), "Roll dice for Rome: sunny."),
        (outcome("It is sunny in Rome!", arguments={"city": "Rome"}), "It is sunny in Rome!"),
        (outcome("It is very sunny", arguments={"city": "Rome"}), "Rome: It is very sunny."),
        (outcome("That day is Friday", arguments={"day": "2026-12-25"}), "That day is Friday."),
        (outcome("one\n\ntwo  \nthree"), "One; two; three."),
        (outcome('{"temperature": 21}'), "Roll dice: 21."),
        (outcome('{"result": 21, "unit": "C"}'), "Roll dice: 21."),
        (
            outcome('{"skyColor": "blue", "warm": true, "cold": false, "x": null}'),
            "Sky color blue, warm yes, cold no.",
        ),
        (outcome("{not json"), "Roll dice: {not json."),
        (outcome("[]"), "Roll dice: nothing."),
        (outcome(values=(["a", "b", "c"],)), "A, b and c."),
        (outcome(values=(list(range(20)),)), "Roll dice: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and more."),
        (outcome("ok"), "Done: roll dice."),
        (outcome(), "Done: roll dice."),
        (outcome("null", tool="工具"), "Done: 工具."),
    ],
)
def test_results_are_said_in_one_short_sentence(result: Outcome, said: str) -> None:
    assert answer(result) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Error: ValueError - no such die", "The roll dice tool could not do that: no such die."),
        ("No such die. Did you mean 6?", None),
        ("", "The roll dice tool could not do that: it gave no reason."),
    ],
)
def test_errors_are_said_as_errors(text: str, said: str | None) -> None:
    failed = outcome(*([text] if text else []))._replace(failed=True)
    assert answer(failed) == (said or f"The roll dice tool could not do that: {text}")


def test_media_in_a_result_are_not_seen() -> None:
    honest = "The roll dice tool sent media I cannot see: image."
    assert answer(outcome()._replace(media=("image",))) == honest
    assert answer(outcome("4")._replace(media=("image",))) == f"Roll dice: 4. {honest}"


def test_long_results_are_cut_at_a_word() -> None:
    said = answer(outcome("words " * 1_000))
    assert said.endswith("words and so on.")
    assert len(said) < MAXIMUM_CHARACTERS + 20

"""What can go wrong, as callers may see it."""

import pytest

from protocols.contract import errors


def test_an_error_carries_its_message_and_its_details() -> None:
    error = errors.InvalidInput("Mend it.", [errors.Detail("$.a", "wrong")])
    assert (str(error), error.message) == ("Mend it.", "Mend it.")
    assert error.details == (errors.Detail("$.a", "wrong"),)
    assert errors.NotFound("x").details == ()


@pytest.mark.parametrize(
    "kind", [errors.TooLarge, errors.TooSlow, errors.NotSupported, errors.NotAcceptable]
)
def test_faults_of_the_input_are_caught_as_such(kind: type[errors.GatewayError]) -> None:
    with pytest.raises(errors.InvalidInput):
        raise kind("x")


def test_the_tree_of_the_docstring_names_every_error() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    named = [kind.__name__ for kind in kinds if issubclass(kind, errors.GatewayError)]
    assert [name for name in named if name not in (errors.__doc__ or "")] == []

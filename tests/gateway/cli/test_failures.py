from gateway.cli.failures import CommandFailed, WrongUsage


def test_the_exit_code_tells_failure_from_wrong_usage() -> None:
    assert (CommandFailed("x").exit_code, WrongUsage("x").exit_code) == (1, 2)
    assert issubclass(WrongUsage, CommandFailed)

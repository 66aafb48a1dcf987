"""How things end, in the words of the metrics' ``outcome`` dimension."""

import asyncio

_WORDS = {"completed": "ok"}


def outcome_word(outcome: str) -> str:
    """The word of the metrics for an outcome of the contract (``completed`` is ``ok``)."""
    return _WORDS.get(outcome, outcome)


def outcome_of_status(status: int) -> str:
    """The outcome that an HTTP status tells."""
    if status in {408, 504}:
        return "timeout"
    if status < 400:
        return "ok"
    return "client_error" if status < 500 else "server_error"


def outcome_of_exception(error: type[BaseException] | None) -> str:
    """The outcome of a block that was left by this exception, or by none."""
    if error is None:
        return "ok"
    if issubclass(error, asyncio.CancelledError | GeneratorExit):
        return "cancelled"
    return "timeout" if issubclass(error, TimeoutError) else "server_error"

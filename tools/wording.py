"""What a model may read about a tool that failed.

The message of a ``ValueError`` is the tool's own word to its caller and goes to the model, without
paths of files and traces. All other errors are faults inside; the model learns only that there was
one.
"""

import re

from pydantic import ValidationError

MAXIMUM_CHARACTERS = 500
INTERNAL = "The tool failed because of an internal error."

_PATH = re.compile(r"(?<![\w.:/])~?/(?:[\w.@+-]+/)+[\w.@+-]*|\b[A-Za-z]:\\[^\s\"']+|file://\S+")
_TRACE = re.compile(r"^\s*(?:Traceback \(|File \")", re.MULTILINE)


def error_text(error: BaseException | None) -> str:
    """Return a sentence about an error of a tool."""
    if isinstance(error, ValueError) and isinstance(error.__cause__, ValidationError):
        return _arguments_text(error.__cause__)
    if not isinstance(error, ValueError) or isinstance(error, UnicodeError):
        return INTERNAL
    text = str(error)
    if (trace := _TRACE.search(text)) is not None:
        text = text[: trace.start()]
    text = " ".join(_PATH.sub("…", text).split())
    if len(text) > MAXIMUM_CHARACTERS:
        text = text[: MAXIMUM_CHARACTERS - 1] + "…"
    return text or INTERNAL


def seconds_text(seconds: float) -> str:
    """Return a duration as one says it."""
    return "1 second" if seconds == 1 else f"{seconds:g} seconds"


def _arguments_text(error: ValidationError) -> str:
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'arguments'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    text = "The arguments do not fit. " + "; ".join(faults)
    return text if len(text) <= MAXIMUM_CHARACTERS else text[: MAXIMUM_CHARACTERS - 1] + "…"

"""Text of others, made safe for a terminal: control characters could move the cursor or worse."""

_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """Drop control characters except line feed and tab."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(printable(text).split())

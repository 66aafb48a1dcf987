"""What every wire, model and store can write down: JSON values, and text of whole characters."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec


def plain_text(text: str) -> str:
    """Give a text back without halves of characters, which models write when they cut an emoji.

    No encoding of Unicode has them (Unicode, section 3.9); halves that belong together are joined.
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def has_half_characters(value: Any) -> bool:
    """Tell whether a text in a JSON value has half of a character; of what is no JSON, no."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return True
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return False


def plain_json(value: Any) -> Any:
    """Give a value back as JSON has it; of what JSON has no form for, only the type is named."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, OverflowError):
        return msgspec.json.decode(msgspec.json.encode(_mended(value)))
    except RecursionError:
        return _name(value)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, Mapping):
        return {_mended(str(name)): _mended(each) for name, each in value.items()}
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, bytes | bytearray):
        return [_mended(each) for each in value]
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError):
        return _name(value)
    return value


def _name(value: Any) -> str:
    return f"({type(value).__name__})"

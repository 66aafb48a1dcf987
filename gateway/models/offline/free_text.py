"""Free text in a request: what remains when the words that ask for a tool are taken away."""

import re
from collections.abc import Collection, Sequence

from gateway.models.offline.details import Mention
from gateway.models.offline.language import STOP_WORDS, Token, stem, vocabulary
from gateway.models.offline.parameters import Parameter
from gateway.models.offline.request import Request

# How far into a request values are looked for by their introduction.
SEARCHED_CHARACTERS = 1_000

_END_WORDS = "to|into|from|about|saying|that|with|and|on|at|in|by|for|called|named|as"
_ENDS = rf"(?=\s+(?:{_END_WORDS})\b|[,;.!?]|$)"
_VALUE = r"(?P<value>[^,;.!?\n]{1,60}?)"
_REST = r"(?P<value>.{1,1000})"
# How the value of a parameter of such a name is introduced.
_INTRODUCTIONS: tuple[tuple[frozenset[str], str], ...] = tuple(
    (vocabulary(names), introduction)
    for names, introduction in (
        ("recipient receiver to destination target", rf"\bto\s+{_VALUE}{_ENDS}"),
        ("recipient receiver", rf"\bsend\s+{_VALUE}\s+(?=an?\b|the\b)"),
        ("sender from origin source departure", rf"\bfrom\s+{_VALUE}{_ENDS}"),
        ("language", rf"\b(?:into|to|in)\s+{_VALUE}{_ENDS}"),
        ("topic subject theme", rf"\b(?:about|on)\s+{_VALUE}{_ENDS}"),
        ("name title", rf"\b(?:named|called|titled)\s+{_VALUE}{_ENDS}"),
        ("author artist", rf"\bby\s+{_VALUE}{_ENDS}"),
        ("message body text content", rf"\b(?:saying|says|that says)\s*:?\s+{_REST}"),
    )
)
_CHANGING = re.compile(r"\b(?:set|change|update|switch|turn|make|adjust)\b", re.IGNORECASE)
# Behind these the text begins, when a word of the tool stands before them.
_MARKS = vocabulary("that saying says to for about with of on called named is")
_ASKING = STOP_WORDS | vocabulary("make add take down new write show web online internet use using")
_TRAILING = vocabulary("please thanks thank you now to in on into from my the for a . ! ? , ; :")


def named_text(request: Request, parameter: Parameter) -> Mention | None:
    """Return a value that is introduced as the parameter's: "with title Hello", "to Bob"."""
    for pattern in _introductions(request.text, parameter):
        found = re.search(pattern, request.text[:SEARCHED_CHARACTERS], re.IGNORECASE)
        if found is not None and (value := found.group("value").strip(" '\"“”")):
            return Mention(value, found.start("value"), found.end("value"))
    return None


def free_text(
    request: Request, known: Collection[str], used: Sequence[tuple[int, int]]
) -> Mention | None:
    """Return the text that is left for a tool, given the stems of the tool's words."""
    read = [token for token in request.read if not _is_within(token, used)]
    first = _after_colon(read, known)
    if first is None:
        first = _after_asking(read, known)
    last = len(read)
    while last > first and read[last - 1].text in _TRAILING:
        last -= 1
    last = _before_tool_words(read, first, last, known)
    if last <= first:
        return None
    start, end = read[first].start, read[last - 1].end
    return Mention(request.text[start:end].strip(), start, end)


def tail(
    request: Request, known: Collection[str], used: Sequence[tuple[int, int]]
) -> Mention | None:
    """Return the last word of a request that is neither the tool's nor an everyday word."""
    for token in reversed(request.read):
        everyday = token.text in STOP_WORDS or token.kind != "word" or stem(token.text) in known
        if not everyday and not _is_within(token, used):
            return Mention(request.text[token.start : token.end], token.start, token.end)
    return None


def _introductions(text: str, parameter: Parameter) -> list[str]:
    name = r"[\s_-]*".join(re.escape(word) for word in parameter.name_words)
    patterns = [rf"\b{name}\s{{0,3}}(?:=|:|\bis\b|\bas\b)\s*{_VALUE}{_ENDS}"] if name else []
    if name and _CHANGING.search(text):
        patterns.append(rf"\b{name}\b[^,;.!?\n]{{0,40}}?\s(?:to|as)\s+{_VALUE}{_ENDS}")
    patterns += [
        pattern
        for names, pattern in _INTRODUCTIONS
        if parameter.is_named(*names) and not parameter.is_place()
    ]
    return patterns


def _after_colon(read: Sequence[Token], known: Collection[str]) -> int | None:
    """Where "make a note: buy milk" says what to note."""
    for index, token in enumerate(read[:12]):
        if token.text == ":" and any(stem(one.text) in known for one in read[:index]):
            return index + 1
    return None


def _after_asking(read: Sequence[Token], known: Collection[str]) -> int:
    """Where the words that ask end and the text begins."""
    is_tool_said = False
    for index, token in enumerate(read):
        is_tool_word = token.kind == "word" and stem(token.text) in known
        if is_tool_said and token.text in _MARKS:
            return index + 1
        if not (is_tool_word or token.text in _ASKING or token.kind == "symbol"):
            return index
        is_tool_said = is_tool_said or (is_tool_word and token.text not in STOP_WORDS)
    return len(read)


def _before_tool_words(read: Sequence[Token], first: int, last: int, known: Collection[str]) -> int:
    """Leave out "to my shopping list" at the end, where these are words of the tool."""
    cut = last
    while cut > first and (stem(read[cut - 1].text) in known or read[cut - 1].text in _TRAILING):
        cut -= 1
    opened = next((at for at in range(cut, last) if read[at].text in _TRAILING), None)
    return cut if opened == cut and cut < last else last


def _is_within(token: Token, used: Sequence[tuple[int, int]]) -> bool:
    return any(start <= token.start < end for start, end in used)

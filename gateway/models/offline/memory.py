"""What a user told about themselves, found again in the words of the conversation.

Nothing is stored: whoever has the messages has the memory, on every wire.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from gateway.models.offline.language import joined, stem, words

READ_OF_EACH = 1_000
MAXIMUM_PARTS = 20

NAME = frozenset({stem("name")})
AGE = frozenset({stem("age")})
HOME = frozenset({stem("live")})
ORIGIN = frozenset({stem("from")})


class Fact(NamedTuple):
    """Something told: ``about`` are the stems of its subject, ``said`` repeats it to the user."""

    about: frozenset[str]
    said: str
    value: str


class Question(NamedTuple):
    """A question for a fact; ``subject`` is how the question named it, ``about`` None for all."""

    about: frozenset[str] | None
    subject: str


_PART = re.compile(r"[.;!?\n]+|,\s*(?=(?:and\s+)?(?:i|my)\b)|\band\s+(?=(?:i|my)\b)", re.IGNORECASE)
_OPENING = (
    r"^(?:(?:hi|hello|hey|ok|okay|so|well|oh|yes|and|but|also|um|uh|please|now)[\s,]+){0,3}"
    r"(?:remember\s+(?:that\s+)?|you\s+should\s+know\s+(?:that\s+)?)?"
)
_KEY = r"(?P<key>[\w'-]{1,30}(?:\s[\w'-]{1,30}){0,3}?)"
_VALUE = r"(?P<value>\S[^\n]{0,100})"
_LIKING = "like|love|hate|dislike|prefer|enjoy|have|own|drive|speak|play|study|eat|drink"
_PLACED = "live|work|study|stay|was born|grew up"
_TOLD = {
    kind: re.compile(_OPENING + pattern + r"\s*$", re.IGNORECASE)
    for kind, pattern in (
        ("called", rf"my\s+{_KEY}\s+(?:is|are)\s+(?:called|named)\s+{_VALUE}"),
        ("mine", rf"my\s+{_KEY}\s*(?:\s(?:is|are|was|were)|'s)\s+{_VALUE}"),
        ("name", rf"(?:please\s+)?(?:call\s+me|i(?:'m|\s+am)\s+called|i\s+go\s+by)\s+{_VALUE}"),
        ("speaking", r"this\s+is\s+(?P<value>[\w'-]{1,30})\s+(?:speaking|here)"),
        ("age", r"i(?:'m|\s+am)\s+(?P<value>[\w-]{1,20}(?:\s\w{1,10})?\s+years?\s+old)"),
        ("from", rf"i(?:'m|\s+am|\s+come)\s+from\s+{_VALUE}"),
        ("placed", rf"i\s+(?P<verb>{_PLACED})\s+(?P<where>in|at|for|as|near|on)\s+{_VALUE}"),
        ("doing", rf"i\s+(?:really\s+)?(?P<verb>{_LIKING})\s+{_VALUE}"),
        ("am", rf"i(?:'m|\s+am)\s+{_VALUE}"),
    )
}
_ASKED_MINE = re.compile(
    r"\b(?:(?:what|who|where|when|which|how)(?:'s|\s+is|\s+are|\s+was|s)?|know|remember|recall|tell"
    r"\s+me|say|repeat)\s+(?:me\s+)?(?:what\s+|who\s+)?my\s+"
    rf"{_KEY}(?:\s+(?:is|are|was|again|please|called|now))*\s*$",
    re.IGNORECASE,
)
_ASKED = tuple(
    (re.compile(pattern, re.IGNORECASE), about, subject)
    for pattern, about, subject in (
        (r"\bwho\s+am\s+i\b|\bwhat\s+am\s+i\s+called\b", NAME, "your name"),
        (r"\bhow\s+old\s+am\s+i\b", AGE, "your age"),
        (r"\bwhere\s+(?:am\s+i|do\s+i\s+come)\s+from\b", ORIGIN, "where you are from"),
        (r"\bwhat\s+am\s+i\b\s*\??$", frozenset({"am"}), "what you are"),
        (r"\b(?:know|remember|told\s+you|tell\s+you)\s+about\s+me\b", None, "about yourself"),
    )
)
_ASKED_VERB = re.compile(
    rf"\b(?P<how>what|where|who|which)\b[^?\n]{{0,30}}?\b(?:do|did|was)\s+i\s+"
    rf"(?P<verb>{_LIKING}|live|work|stay|born|grow\s+up)\b",
    re.IGNORECASE,
)
_BACKGROUND = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        r'"(?P<key>\w{1,30})"\s*:\s*"(?P<value>[^"\n]{1,100})"',
        rf"^[\s*-]{{0,4}}(?:the\s+)?{_KEY}\s*[:=]\s*(?P<value>[^\s{{\[][^\n]{{0,100}})$",
        rf"\buser(?:'s)?\s+{_KEY}\s+is\s+(?P<value>[^.;,\n]{{1,100}})",
        rf"\b{_KEY}\s+of\s+the\s+user\s+is\s+(?P<value>[^.;,\n]{{1,100}})",
        r"\buser\s+is\s+(?P<key>called|named)\s+(?P<value>[^.;,\n]{1,100})",
    )
)
_TO_THE_USER = {
    "my": "your",
    "mine": "yours",
    "me": "you",
    "i": "you",
    "am": "are",
    "i'm": "you're",
    "myself": "yourself",
}
_NOT_TOLD = re.compile(
    r"\b(?:question|problem|wondering|asking|trying|looking|sorry|going|afraid)\b", re.IGNORECASE
)
_NOT_NAMES = re.compile(r"\b(?:tired|fine|good|ok|okay|here|back|ready|sure|done|happy|sad)\b")


def told(text: str) -> list[Fact]:
    """Return what a user says about themselves, in order."""
    plain = text[:READ_OF_EACH].replace("’", "'")
    found = []
    start = 0
    ends = [*(match.span() for match in islice(_PART.finditer(plain), MAXIMUM_PARTS))]
    for end, following in [*ends, (len(plain), len(plain))]:
        asks = "?" in plain[end:following]
        fact = None if asks else _fact(plain[start:end].strip(" ,"))
        if fact is not None:
            found.append(fact)
        start = following
    return found


def asked(text: str) -> Question | None:
    """Return what a user wants to be reminded of."""
    plain = text[:READ_OF_EACH].replace("’", "'").strip(" .?!")
    for pattern, about, subject in _ASKED:
        if pattern.search(plain):
            return Question(about, subject)
    if (mine := _ASKED_MINE.search(plain)) is not None:
        key = mine.group("key")
        called = plain.lower().endswith("called")
        return Question(_about(key) | (NAME if called else frozenset()), f"your {key.lower()}")
    if (verb := _ASKED_VERB.search(plain)) is not None:
        did = verb.group("verb").lower()
        does = "were born" if did == "born" else did
        return Question(frozenset({_verb(did)}), f"{verb.group('how').lower()} you {does}")
    return None


def background_facts(text: str) -> list[Fact]:
    """Return what a system prompt or a context tells about the user."""
    plain = text.replace("’", "'")
    found = []
    for pattern in _BACKGROUND:
        for match in pattern.finditer(plain):
            key = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", match.group("key")).lower()
            about = NAME if key in {"called", "named"} else _about(key)
            value = match.group("value").strip(" .\"'")
            if about and value:
                found.append(Fact(about, _said_of(about, key, value), value))
    return found


def recall(facts: Sequence[Fact], question: Question) -> str | None:
    """Answer from what was told last; None if nothing was."""
    if question.about is None:
        latest = {fact.about: fact.said for fact in facts}
        return f"You told me that {joined(latest.values())}." if latest else None
    for fact in reversed(facts):
        if fact.about == question.about:
            return f"{fact.said[0].upper()}{fact.said[1:]}."
    return None


def name_of(facts: Iterable[Fact]) -> str:
    """The user's name as told last, or nothing."""
    return next((fact.value for fact in reversed(list(facts)) if fact.about == NAME), "")


def noted(facts: Sequence[Fact]) -> str:
    """Answer someone who told something."""
    name = name_of(facts)
    others = [fact.said for fact in facts if fact.about != NAME]
    greeting = f"Nice to meet you, {name}." if name else ""
    note = f"I will remember that {joined(others)}." if others else ""
    return " ".join(said for said in (greeting, note) if said)


def _fact(part: str) -> Fact | None:
    for kind, pattern in _TOLD.items():
        match = pattern.match(part)
        if match is not None and not _NOT_TOLD.search(part):
            return _fact_of(kind, match)
    return None


def _fact_of(kind: str, match: re.Match[str]) -> Fact:
    value = _flipped(match.group("value").strip(" .,\"'"))
    if kind in {"mine", "called"}:
        key = match.group("key").lower()
        about = _about(key) | (NAME if kind == "called" else frozenset())
        if about == NAME:
            value = _as_name(value)
        return Fact(about, _said_of(about, key, value), value)
    if kind in {"name", "speaking"} or (kind == "am" and _is_name(value)):
        name = _as_name(value)
        return Fact(NAME, f"your name is {name}", name)
    if kind == "doing":
        verb = match.group("verb").lower()
        return Fact(frozenset({_verb(verb)}), f"you {verb} {value}", value)
    if kind == "placed":
        verb = match.group("verb").lower().replace("was", "were")
        said = f"you {verb} {match.group('where').lower()} {value}"
        return Fact(frozenset({_verb(verb)}), said, value)
    said = f"you are from {value}" if kind == "from" else f"you are {value}"
    return Fact({"age": AGE, "from": ORIGIN}.get(kind, frozenset({"am"})), said, value)


def _about(key: str) -> frozenset[str]:
    """The stems of a subject's words, "user" left out: it is always theirs."""
    skipped = {"user", "the", "a", "own", "my", "your"}
    return frozenset(
        stem(word.removesuffix("'s"))
        for word in words(key.replace("_", " "))
        if word.removesuffix("'s") not in skipped
    )


def _said_of(about: frozenset[str], key: str, value: str) -> str:
    if about == NAME:
        return f"your name is {value}"
    named = re.sub(r"^(?:the |your )*(?:user(?:'s)? )?", "", key.replace("_", " "))
    verb = "are" if named.endswith("s") and not named.endswith("ss") else "is"
    return f"your {named} {verb} {value}"


def _verb(said: str) -> str:
    """What stands for a verb, however it was put: "was born", "grew up"."""
    word = said.lower().replace("grew", "grow").split()
    return next((one for one in word if one in {"born", "grow"}), stem(word[0]))


def _flipped(value: str) -> str:
    return " ".join(_TO_THE_USER.get(word.lower(), word) for word in value.split())


def _is_name(value: str) -> bool:
    parts = value.split()
    capital = all(part[:1].isupper() and part[1:].islower() for part in parts)
    return len(parts) in {1, 2} and capital and not _NOT_NAMES.search(value.lower())


def _as_name(value: str) -> str:
    return value.title() if value == value.lower() else value

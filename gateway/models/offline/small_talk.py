"""What the offline model says without any tool: manners, counting, repeating, and what it is."""

import re
from collections.abc import Sequence

from gateway.models.offline.language import joined, number_at, tokens

WHO_I_AM = (
    "I am the offline demonstration model of this gateway. I work by fixed rules and am not a "
    "language model. To talk to a real one, set GATEWAY_TEXT_MODEL, for example to bedrock, and "
    "start the gateway again."
)
MAXIMUM_COUNT = 10_000
MAXIMUM_TOOLS_NAMED = 5
_COUNT_LINE = 10

_COUNTING = re.compile(
    r"^(?:(?:please|can|could|would|will|you|now|ok|okay|just|hey|so|and|then)[\s,]+)*"
    r"count(?P<down>\s*down|ing)?\b(?P<range>.{0,120})$",
    re.IGNORECASE | re.DOTALL,
)
_POLITE = r"(?:(?:please|can|could|would|will|you|now|ok|okay|just|hey|so|and|then)[\s,]+)*"
_ECHO = re.compile(
    _POLITE + r"(?:(?:say|repeat|echo)(?:\s+after\s+me)?(?:\s+the\s+words?)?(?:\s+back)?|"
    r"(?:reply|respond|answer)\s+(?:only\s+)?with(?:\s+exactly|\s+only|\s+just)?"
    r"(?:\s+the\s+words?)?)\s*(?:this|exactly|only|the\s+following)?\s*[:,]?\s+(?P<what>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_AGAIN = re.compile(
    r"(?:(?:say|repeat)\s+(?:that|it)(?:\s+again)?|what\s+did\s+you\s+(?:just\s+)?say|"
    r"pardon|come\s+again|again)(?:\s+please)?",
    re.IGNORECASE,
)
_SAID_BEFORE = re.compile(
    r"what\s+did\s+i\s+(?:just\s+)?(?:say|ask|tell\s+you)(?:\s+you)?(?:\s+before)?", re.IGNORECASE
)
_WHO = re.compile(
    r"\b(?:who|what)\s+are\s+you\b|\bwhat(?:'s|\s+is)\s+your\s+name\b|"
    r"\bare\s+you\s+(?:a\s+|an\s+)?(?:real|really|human|person|robot|bot|machine|ai|llm|gpt|"
    r"chatgpt|claude|nova|alexa|siri|offline|language\s+model|artificial)\b|"
    r"\b(?:which|what)\s+(?:language\s+|ai\s+)?model\s+(?:are|is|am|do)\b|\bwho\s+(?:made|built|created)\s+you\b|"
    r"\bintroduce\s+yourself\b|\btell\s+me\s+about\s+yourself\b|\bam\s+i\s+(?:talking|speaking)\s+"
    r"to\b",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"(?:please\s+)?help(?:\s+me)?(?:\s+please)?|.{0,20}\bwhat\s+(?:else\s+)?(?:can|do)\s+you\s+do\b"
    r".{0,20}|.{0,20}\bwhat\s+(?:can|could|may|should)\s+i\s+(?:ask|say|do)\b.{0,20}|"
    r"(?:can|could)\s+you\s+help(?:\s+me)?|.{0,10}\bhow\s+(?:can|could)\s+you\s+help\b.{0,10}|"
    r"(?:what|which|list|show)\s+(?:me\s+)?(?:are\s+)?(?:the\s+|your\s+|all\s+)*"
    r"(?:tools|functions|skills|commands)\b.{0,30}|what\s+are\s+you\s+able\s+to\s+do",
    re.IGNORECASE,
)
_MANNERS = tuple(
    (re.compile(pattern, re.IGNORECASE), answer)
    for pattern, answer in (
        (
            r"(?:hi|hello|hey|howdy|greetings|hiya|yo|good\s+(?:morning|afternoon|evening|day))"
            r"(?:[\s,]+(?:hi|hello|there|again|everyone|agent|gateway|assistant|computer))*",
            "Hello{name}! How can I help?",
        ),
        (
            r"(?:(?:ok|okay|great|good|perfect|cool|nice|many|no)[\s,]+)*"
            r"(?:thanks|thank\s+you|thx|cheers)"
            r"(?:\s+(?:a\s+lot|(?:very|so)\s+much|again|for\b.{0,40}))*",
            "You are welcome{name}.",
        ),
        (
            r"(?:good\s*)?bye(?:[\s-]+bye)?(?:\s+now)?|good\s+night|see\s+you.{0,15}",
            "Goodbye{name}.",
        ),
        (
            r"(?:(?:hi|hello|hey)[\s,]+)?how\s+are\s+you(?:\s+(?:doing|today|feeling))*|"
            r"how(?:'s|\s+is)\s+it\s+going|what'?s\s+up",
            "I am running well, thank you. How can I help?",
        ),
        (
            r"(?:it\s+is\s+|it's\s+)?(?:nice|good|pleased)\s+to\s+meet\s+you(?:\s+too)?",
            "Nice to meet you too{name}.",
        ),
        (
            r"(?:yes|no|ok|okay|sure|right|alright|all\s+right|great|cool|fine|nice|perfect)",
            "All right.",
        ),
        (
            r"(?:please\s+)?(?:stop|cancel|never\s*mind|forget\s+it|quiet|enough)(?:\s+it)?",
            "All right, I stop.",
        ),
    )
)


def small_talk(text: str, name: str) -> str | None:
    """Answer a greeting and its like; ``name`` is the user's, if known."""
    said = _plain(text)
    for pattern, answer in _MANNERS:
        if pattern.fullmatch(said):
            return answer.format(name=f", {name}" if name else "")
    return None


def about_myself(text: str) -> str | None:
    """Say plainly what this model is, when asked."""
    return WHO_I_AM if _WHO.search(text[:300].replace("’", "'")) else None


def is_call_for_help(text: str) -> bool:
    """Whether someone asks what can be asked."""
    return len(text) <= 120 and bool(_HELP.fullmatch(_plain(text)))


def abilities(tools: Sequence[str]) -> str:
    """List what can be asked, given the tools as one says their names."""
    own = "count, repeat what you say, and remember what you tell me about yourself"
    if not tools:
        return f"I am an offline demonstration model without tools here. I can {own}."
    return (
        f"I am an offline demonstration model. I can use these tools: {joined(tools)}. "
        f"I can also {own}."
    )


def not_understood(tools: Sequence[str]) -> str:
    """Say so, and briefly what would be understood."""
    shown = [*tools[:MAXIMUM_TOOLS_NAMED]]
    if len(tools) > len(shown):
        shown.append("more")
    use = f"use tools ({', '.join(shown)}), " if shown else ""
    return (
        "I did not understand that: I am only an offline demonstration. I can "
        f"{use}count, and remember what you tell me. Say help for more."
    )


def echo(text: str) -> str | None:
    """Repeat what one was asked to say."""
    found = _ECHO.fullmatch(text.strip())
    return found.group("what").strip(" \"“”'") if found else None


def repeated(text: str, last_answer: str, last_request: str) -> str | None:
    """Say the last answer again, or what the user asked before."""
    said = _plain(text)
    if last_answer and _AGAIN.fullmatch(said):
        return last_answer
    if last_request and _SAID_BEFORE.fullmatch(said):
        return f"You said: {last_request}"
    return None


def count(text: str) -> str | None:
    """Count, up or down, when asked to; ten numbers make a sentence, so that speech can begin."""
    asked = _COUNTING.match(text.strip()) if len(text) <= 200 else None
    if asked is None:
        return None
    ends = _range(asked.group("range"), down=bool(asked.group("down")))
    if ends is None:
        return None
    first, last = ends
    if abs(last - first) >= MAXIMUM_COUNT:
        return f"That is too far for me: I count {MAXIMUM_COUNT} numbers at most."
    step = 1 if last >= first else -1
    counted = [str(value) for value in range(first, last + step, step)]
    lines = [
        ", ".join(counted[start : start + _COUNT_LINE])
        for start in range(0, len(counted), _COUNT_LINE)
    ]
    return f"{'. '.join(lines)}."


def _range(text: str, *, down: bool) -> tuple[int, int] | None:
    """Read "from 1 to 30", also where "to" was heard as "two" or "too"."""
    read = tokens(text)
    found: list[int] = []
    index = 0
    while index < len(read):
        number = number_at(read, index)
        if number is not None and number.value == number.value.to_integral_value():
            found.append(int(number.value))
        index = number.following if number else index + 1
    marks = {token.text for token in read} & {"to", "till", "until", "from", "too", "through", "up"}
    if len(found) == 3 and found[1] == 2:
        del found[1]
    if len(found) == 2:
        return found[0], found[1]
    if len(found) == 1 and (marks or down or len(read) <= 2):
        return (found[0], 1) if down else (1, found[0])
    return None


def _plain(text: str) -> str:
    return text[:300].replace("’", "'").strip(" \n\t.!?,;:")

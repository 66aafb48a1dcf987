"""The words of arithmetic, and what a recogniser writes in their place."""

from collections.abc import Iterable, Sequence

from gateway.models.offline.language import DIGIT_WORDS, TENS_WORDS, Token, vocabulary

type Phrases[Meaning] = dict[str, list[tuple[tuple[str, ...], Meaning]]]


def _phrases[Meaning](table: Iterable[tuple[str, Meaning]]) -> Phrases[Meaning]:
    """Order phrases by their first word, the longest first: "to the power of" before "to"."""
    ordered: Phrases[Meaning] = {}
    for said, meaning in sorted(table, key=lambda row: -len(row[0].split())):
        words = tuple(said.split())
        ordered.setdefault(words[0], []).append((words, meaning))
    return ordered


OPERATORS = _phrases(
    {
        "+": "+",
        "plus": "+",
        "added to": "+",
        "-": "-",
        "–": "-",
        "−": "-",
        "minus": "-",
        "take away": "-",
        "subtract": "-",
        "less": "-",
        "*": "*",
        "×": "*",
        "·": "*",
        "x": "*",
        "times": "*",
        "time": "*",
        "multiplied by": "*",
        "multiplied with": "*",
        "multiply by": "*",
        "multiply": "*",
        "/": "/",
        "÷": "/",
        "divided by": "/",
        "divided buy": "/",
        "divide by": "/",
        "over": "/",
        "//": "//",
        "%": "%",
        "modulo": "%",
        "mod": "%",
        "**": "**",
        "^": "**",
        "to the power of": "**",
        "raised to the power of": "**",
        "raised to": "**",
    }.items()
)
SUFFIXES = _phrases({"squared": "** 2", "²": "** 2", "cubed": "** 3", "³": "** 3"}.items())
PERCENT = _phrases({"%": "%", "percent": "%", "per cent": "%"}.items())
PREFIXES = _phrases(
    {
        "the square root of": "sqrt({})",
        "square root of": "sqrt({})",
        "root of": "sqrt({})",
        "sqrt of": "sqrt({})",
        "sqrt": "sqrt({})",
        "√": "sqrt({})",
        "half of": "{} / 2",
        "a quarter of": "{} / 4",
        "a third of": "{} / 3",
        "double": "2 * {}",
        "twice": "2 * {}",
        "triple": "3 * {}",
    }.items()
)
# How a calculation begins that names its operands afterwards: the words between the operands, and
# what is made of them.
COMMANDS = _phrases(
    (said, (frozenset(between.split()), made))
    for said, between, made in (
        ("add", "and to plus with", "{0} + {1}"),
        ("the sum of", "and plus", "{0} + {1}"),
        ("sum of", "and plus", "{0} + {1}"),
        ("subtract", "from", "{1} - {0}"),
        ("take", "from", "{1} - {0}"),
        ("deduct", "from", "{1} - {0}"),
        ("multiply", "by and with", "{0} * {1}"),
        ("product of", "and", "{0} * {1}"),
        ("divide", "by buy", "{0} / {1}"),
        ("quotient of", "and", "{0} / {1}"),
        ("difference between", "and", "{0} - {1}"),
        ("difference of", "and", "{0} - {1}"),
    )
)
SIGNS = {"minus", "negative", "-", "−"}
HEARD_AS_ADD = {"at", "and", "had", "ad", "adds"}
_HEARD_AS_DIGIT = dict(
    zip(
        ("for", "fore", "to", "too", "won", "ate"),
        ("four", "four", "two", "two", "one", "eight"),
        strict=True,
    )
)
_HEARD_SCALES = {"hundred", "thousand", "million"}
PLAIN_SIGNS = {"-", "–", "−", "/", "x", "over", "less", "time", "%", "//"}
# Words around a calculation that ask for nothing else.
POLITE = vocabulary(
    "what whats is are the a an of how much does do equal equals make calculate compute evaluate "
    "solve work out figure find answer result value tell me please can could would you i need want "
    "to know for now then so and hey hi hello ok okay well um uh thanks thank just let let's use "
    "using your calculator quick quickly question = ? . , ! : ; come up sum it's it give"
)
_TENS = frozenset(TENS_WORDS) | {str(value) for value in TENS_WORDS.values()}
_CERTAIN_OPERATORS = vocabulary(
    "plus minus times time multiplied divided squared cubed + * × / ÷ ^"
)


def phrase[Meaning](
    read: Sequence[Token], index: int, phrases: Phrases[Meaning]
) -> tuple[Meaning, int] | None:
    """Return the meaning of the phrase at a token, and the index behind it."""
    if index >= len(read):
        return None
    for words, meaning in phrases.get(read[index].text, ()):
        following = index + len(words)
        if tuple(token.text for token in read[index:following]) == words:
            return meaning, following
    return None


def as_meant(heard: list[Token]) -> list[Token]:
    """Write the number words that a recogniser took for other words."""
    meant: list[Token] = []
    for index, token in enumerate(heard):
        following = heard[index + 1] if index + 1 < len(heard) else None
        said = token
        if token.text in _HEARD_AS_DIGIT and _is_number_place(meant, following):
            said = token._replace(text=_HEARD_AS_DIGIT[token.text])
        digit = said.text if said.kind == "number" else str(DIGIT_WORDS.get(said.text, ""))
        if meant and _completes_tens(meant[-1], digit):
            tens = meant.pop()
            said = tens._replace(text=str(int(tens.text) + int(digit)), end=token.end)
        meant.append(said)
    return meant


def _is_number_place(before: Sequence[Token], following: Token | None) -> bool:
    """Whether a word that sounds like a digit stands where only a digit makes sense."""
    previous = before[-1] if before else None
    ends = following is None or _begins_operator(following) or following.text in {"?", ".", "="}
    if following is not None and following.text in _HEARD_SCALES:
        return previous is None or previous.text in POLITE or _begins_operator(previous)
    if previous is None or not (_is_tens(previous) or _ends_operator(previous)):
        opens = previous is None or previous.text in POLITE - {"to", "for"}
        return opens and following is not None and _begins_operator(following)
    return ends


def _completes_tens(previous: Token, digit: str) -> bool:
    """Whether "40 2" or "40 two" was said as one number."""
    return previous.kind == "number" and _is_tens(previous) and digit in set("123456789")


def _is_tens(token: Token) -> bool:
    return token.text in _TENS


def _begins_operator(token: Token) -> bool:
    return token.text in _CERTAIN_OPERATORS


def _ends_operator(token: Token) -> bool:
    return _begins_operator(token) or token.text in {"by", "buy", "of"}

"""Takes secrets out of text that goes to a log: tokens, keys, credentials, SDP, card numbers.

The patterns are linear: no text makes them slow. A false alarm costs a word of a log line.
"""

import re

REDACTED = "[redacted]"

_LINE_END = r"(?:\r\n|\n|\\r\\n|\\n)"
_SENSITIVE = (
    r"authorization|proxy-authorization|cookie|set-cookie|x-api-key|api[_-]?key"
    r"|credential|password|passwd|client[_-]?secret|secret[_-]?access[_-]?key|session[_-]?token"
    r"|access[_-]?token|refresh[_-]?token|id[_-]?token|resume[_-]?token|token"
    r"|workload[_-]?access[_-]?token"
)

_RULES = (
    # A whole session description: addresses, fingerprints, ufrag and pwd at once.
    (re.compile(rf"v=0{_LINE_END}(?:[a-z]=[^\r\n\\]*(?:{_LINE_END}|$|(?=[\"'\\])))+"), "[sdp]"),
    (re.compile(r"(a=ice-(?:pwd|ufrag):)[^\s\\\"']+"), rf"\1{REDACTED}"),
    (re.compile(r"(\bufrag )\S+"), rf"\1{REDACTED}"),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]{2,}\.[\w-]*"), REDACTED),
    (
        re.compile(r"(?i)(base64UrlBearerAuthorization[\"']?[.,]\s*[\"']?)[\w.=-]+"),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {REDACTED}"),
    # Signed addresses: values only, so that the line still tells what was signed.
    (re.compile(r"(?i)(x-amz-[\w-]+=)[^&\s\"'\\]+"), rf"\1{REDACTED}"),
    (
        re.compile(
            rf"(?i)((?<![\w-])(?:aws[_-])?(?:{_SENSITIVE})[\"']?\s*[:=]\s*)"
            rf"(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"'}}]+)"
        ),
        rf"\1{REDACTED}",
    ),
    # Names of TURN users made from a shared secret: the time they end, and who.
    (
        re.compile(r"(?i)(username[\"']?\s*[:=]\s*)[\"']?\d{9,}(?::[^\s,;\"'}]*)?[\"']?"),
        rf"\1{REDACTED}",
    ),
    (
        re.compile(r"(?i)\b((?:turns?|stuns?|https?|wss?|rediss?|valkeys?):(?://)?)[^\s/@\"']+@"),
        rf"\1{REDACTED}@",
    ),
    (re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"), REDACTED),
)
_QUERY = re.compile(r"\?\S+?(?=\"?(?:\s|$))")
_CARD = re.compile(r"(?<!\d)(?<!\d\.)[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,4}(?!\.?\d)")


def redact(text: str) -> str:
    """The text without its secrets."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return _CARD.sub(_card, text)


def without_queries(text: str) -> str:
    """A server's line without the queries of addresses: anything may be a secret there."""
    return _QUERY.sub(f"?{REDACTED}", text)


def _card(found: re.Match[str]) -> str:
    return REDACTED if _is_luhn([int(d) for d in found[0] if d.isdigit()]) else found[0]


def _is_luhn(digits: list[int]) -> bool:
    doubled = [
        digit if index % 2 == 0 else sum(divmod(2 * digit, 10))
        for index, digit in enumerate(reversed(digits))
    ]
    return sum(doubled) % 10 == 0

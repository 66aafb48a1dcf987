import pytest

from observability.redaction import redact, without_queries

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJlLXZhbHVl"
SDP = (
    "v=0\r\no=- 1 2 IN IP4 10.0.0.7\r\ns=-\r\nt=0 0\r\na=ice-ufrag:Fr4g\r\na=ice-pwd:Pa55word\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fingerprint:sha-256 AB:CD\r\n"
)


@pytest.mark.parametrize(
    ("text", "secret", "safe"),
    [
        (f"Authorization: Bearer {JWT}", JWT, "Authorization: [redacted] [redacted]"),
        ("sent bearer abc.def-123 to x", "abc.def-123", "sent bearer [redacted] to x"),
        (f"sent {JWT}!", JWT, "sent [redacted]!"),
        ("GET /ws?token=SECRET&a=1", "SECRET", "GET /ws?token=[redacted]&a=1"),
        ("x-api-key: k3y-v4lue, next", "k3y-v4lue", "x-api-key: [redacted], next"),
        ('{"apiKey": "k3y v4lue", "a": 1}', "k3y v4lue", '{"apiKey": [redacted], "a": 1}'),
        (
            "GET /ws?X-Amz-Signature=abc123&X-Amz-Date=2026 HTTP/1.1",
            "abc123",
            "GET /ws?X-Amz-Signature=[redacted]&X-Amz-Date=[redacted] HTTP/1.1",
        ),
        ("a=ice-pwd:Pa55word next", "Pa55word", "a=ice-pwd:[redacted] next"),
        ("a=ice-ufrag:Fr4g", "Fr4g", "a=ice-ufrag:[redacted]"),
        ("candidate:1 1 udp ufrag Fr4g", "Fr4g", "candidate:1 1 udp ufrag [redacted]"),
        (f"offer {SDP}", "10.0.0.7", "offer [sdp]"),
        ("offer '" + SDP.replace("\r\n", "\\r\\n") + "' end", "Pa55word", "offer '[sdp]' end"),
        (
            '{"username": "1790000000:anna", "credential": "dHVybg=="}',
            "dHVybg==",
            '{"username": [redacted], "credential": [redacted]}',
        ),
        ("turn:anna:pa55@turn.example:3478", "pa55", "turn:[redacted]@turn.example:3478"),
        ("valkey://:pa55@cache:6379", "pa55", "valkey://[redacted]@cache:6379"),
        ("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE", "key [redacted] used"),
        (
            "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG",
            "wJalrXUtnFEMI",
            "aws_secret_access_key=[redacted]",
        ),
        (
            "base64UrlBearerAuthorization.abc_-1",
            "abc_-1",
            "base64UrlBearerAuthorization.[redacted]",
        ),
        (
            "base64UrlBearerAuthorization, abc_-1",
            "abc_-1",
            "base64UrlBearerAuthorization, [redacted]",
        ),
        (
            "base64UrlBearerAuthorization, base64UrlBearerAuthorization.abc_-1",
            "abc_-1",
            "base64UrlBearerAuthorization, [redacted]",
        ),
        (
            "['base64UrlBearerAuthorization', 'abc_-1']",
            "abc_-1",
            "['base64UrlBearerAuthorization', '[redacted]']",
        ),
        ("card 4111 1111 1111 1111.", "4111", "card [redacted]."),
    ],
)
def test_secrets_are_taken_out_and_the_rest_stays(text: str, secret: str, safe: str) -> None:
    assert redact(text) == safe
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Turn ended after 1.25 s with 512 tokens: input_tokens=500",
        "session 7f9c24e5-2f0c-4a57-9d7e-6c1f0b0a1d2e-0001 opened",
        "order 4111111111111112 is no card",
        "credentials are missing: set AWS_PROFILE",
        "username is required",
        "took 4111.1111111111111111 s",
        'http://127.0.0.1:8080/invocations "POST" 200',
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_long_text_without_secrets_is_not_slow() -> None:
    for text in (
        "a=" * 20_000,
        "v=0\n" * 10_000,
        "1" * 40_000,
        "username=" * 5_000,
        "eyJ" * 15_000,
    ):
        redact(text)


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        ('1:2 - "GET /a?key=SECRET HTTP/1.1" 200', '1:2 - "GET /a?[redacted] HTTP/1.1" 200'),
        (
            '1:2 - "WebSocket /ws?a="&b=SECRET" [accepted]',
            '1:2 - "WebSocket /ws?[redacted]" [accepted]',
        ),
        ('1:2 - "WebSocket /ws?a=SECRET" 403', '1:2 - "WebSocket /ws?[redacted]" 403'),
        ('1:2 - "WebSocket /ws" 403', '1:2 - "WebSocket /ws" 403'),
    ],
)
def test_lines_of_requests_tell_no_queries(line: str, safe: str) -> None:
    assert without_queries(line) == safe

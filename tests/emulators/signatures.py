"""AWS Signature Version 4 as a service checks it: of a request, and of each event after it; no I/O.

Written after the specification, independent of botocore and aws_sdk_signers.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import quote

from tests.emulators.event_stream import Message, encode_headers
from tests.emulators.requests import Request

STREAMING_EVENTS = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
_TIME = "%Y%m%dT%H%M%SZ"
_MAX_SKEW = timedelta(minutes=5)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class SignatureRefused(Exception):
    """A request is not signed as it should be; ``code`` is the error type of the service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Credentials:
    """What a caller signs with."""

    access_key: str
    secret_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class Signature:
    """A signature that was right, and what the events after it are signed with."""

    value: str
    key: bytes
    scope: str


@dataclass(frozen=True)
class Verifier:
    """Checks requests to one region; ``credentials`` finds them by access key."""

    region: str
    credentials: Callable[[str], Credentials]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def check(self, request: Request, service: str) -> Signature:
        """Check the signature of a request.

        Raises:
            SignatureRefused: it is missing or wrong.
        """
        found = _AUTHORIZATION.fullmatch(request.header("authorization"))
        if found is None:
            raise SignatureRefused(
                "MissingAuthenticationTokenException", "Missing Authentication Token"
            )
        credentials = self.credentials(found["key"])
        if request.header("x-amz-security-token") != (credentials.session_token or ""):
            raise SignatureRefused(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        stamp = request.header("x-amz-date")
        self._check_time(stamp)
        scope = f"{stamp[:8]}/{self.region}/{service}/aws4_request"
        if found["scope"] != scope:
            raise _invalid(f"Credential should be scoped to {scope}, not {found['scope']}.")
        names = found["headers"].split(";")
        _check_names(request, names)
        canonical = _canonical_request(request, names)
        key = signing_key(credentials.secret_key, scope)
        digest = sha256(canonical.encode()).hexdigest()
        expected = _sign(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}")
        if not hmac.compare_digest(expected, found["signature"]):
            raise _invalid("The request signature we calculated does not match.")
        return Signature(expected, key, scope)

    def _check_time(self, stamp: str) -> None:
        try:
            signed_at = datetime.strptime(stamp, _TIME).replace(tzinfo=UTC)
        except ValueError as error:
            raise _invalid("x-amz-date is missing or malformed.") from error
        if abs(self.now() - signed_at) > _MAX_SKEW:
            raise _invalid(f"Signature expired: {stamp}.")


class EventChain:
    """The signatures of the events of one stream, each over the one before it."""

    def __init__(self, request: Signature) -> None:
        self._previous = request.value
        self._key = request.key
        self._scope = request.scope

    def check(self, message: Message) -> bool:
        """Whether the next message is signed rightly."""
        signature, date = message.headers.get(":chunk-signature"), message.headers.get(":date")
        if not isinstance(signature, bytes) or not isinstance(date, datetime):
            return False
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                date.strftime(_TIME),
                self._scope,
                self._previous,
                sha256(encode_headers({":date": date})).hexdigest(),
                sha256(message.payload).hexdigest(),
            )
        )
        self._previous = _sign(self._key, text)
        return hmac.compare_digest(bytes.fromhex(self._previous), signature)


def signing_key(secret_key: str, scope: str) -> bytes:
    """Derive the key of a day, region and service."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def known(credentials: Mapping[str, Credentials], access_key: str) -> Credentials:
    """Find credentials.

    Raises:
        SignatureRefused: nobody has this access key.
    """
    if access_key not in credentials:
        raise SignatureRefused(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    return credentials[access_key]


def _sign(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _check_names(request: Request, names: list[str]) -> None:
    """Whatever AWS reads must be signed."""
    needed = {name for name, _ in request.headers if name.startswith("x-amz-")} | {"host"}
    if missing := sorted(needed - set(names)):
        raise _invalid(f"not signed: {', '.join(missing)}")
    if names != sorted(names):
        raise _invalid("SignedHeaders are not sorted.")


def _canonical_request(request: Request, names: list[str]) -> str:
    path, _, query = request.target.partition("?")
    headers = "".join(f"{name}:{' '.join(request.header(name).split())}\n" for name in names)
    return "\n".join(
        (
            request.method,
            # Every service but S3 encodes the path as it is on the wire once more.
            quote(path, safe="/-_.~"),
            _canonical_query(query),
            headers,
            ";".join(names),
            _payload_hash(request),
        )
    )


def _canonical_query(query: str) -> str:
    pairs = sorted(part.partition("=")[::2] for part in query.split("&") if part)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _payload_hash(request: Request) -> str:
    actual = sha256(request.body).hexdigest()
    stated = request.header("x-amz-content-sha256") or actual
    if stated not in (STREAMING_EVENTS, actual):
        raise _invalid("x-amz-content-sha256 is not the hash of the body.")
    return stated


def _invalid(message: str) -> SignatureRefused:
    return SignatureRefused("InvalidSignatureException", message)

"""What an exception of a model's library means: one table for all providers.

The libraries themselves are not imported for it. They tell a refusal by the HTTP status that it
came with, and a lost connection by the exception of the transport that caused theirs.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)
from msgspec import Struct
from strands.types.exceptions import (
    ContextWindowOverflowException,
    EventLoopException,
    ModelThrottledException,
)
from urllib3.exceptions import HTTPError as TransportFailed
from urllib3.exceptions import TimeoutError as TransportTimedOut

from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    TimedOut,
    TooLarge,
    Unavailable,
)


class Fault(Struct, frozen=True):
    """What went wrong, for whoever asked and for whoever may try again.

    ``again``: the same model may answer the same request in a moment. ``down``: the model fails,
    not this request, so another model may answer. ``expired``: its credentials are old.
    """

    kind: type[GatewayError]
    message: str
    again: bool = False
    down: bool = True
    expired: bool = False

    def shown(self) -> GatewayError:
        """Make the error that a caller may see; a new one, for tracebacks collect in a raised."""
        return self.kind(self.message)


THROTTLED = Fault(ModelThrottled, "The model's service is at its limit. Try again.", again=True)
OVERLOADED = Fault(Unavailable, "The model's service is overloaded. Try again.", again=True)
TIMED_OUT = Fault(TimedOut, "The model did not answer in time. Try again.", again=True)
UNREACHABLE = Fault(
    ModelFailed,
    "The model's service cannot be reached. Try again; `doctor` tells more.",
    again=True,
)
CUT = Fault(
    ModelFailed, "The model's answer broke off before it was complete. Try again.", again=True
)
BROKEN = Fault(
    ModelFailed,
    "The model failed before its answer was complete. Try again; the log holds the reason.",
)
TROUBLED = Fault(BROKEN.kind, BROKEN.message, again=True)
NO_CREDENTIALS = Fault(
    NotConfigured,
    "No AWS credentials were found for the model. Set them (AWS_PROFILE, AWS_ACCESS_KEY_ID or a "
    "role), or use the offline models. `doctor` tells more.",
)
NO_REGION = Fault(NotConfigured, "No AWS region is set for the model. Set AWS_REGION.")
EXPIRED = Fault(
    NotConfigured, "The AWS credentials have expired. Renew them (`aws sso login`).", expired=True
)
REFUSED = Fault(
    NotConfigured,
    "The model's service refused the credentials, or they may not use this model. `doctor` tells "
    "which of both, and how to mend it.",
)
UNKNOWN = Fault(
    NotConfigured,
    "The model's service knows no such model, or not in this region. Check the model id and "
    "AWS_REGION; `doctor` tells more.",
)
TOO_LONG = Fault(
    InvalidInput,
    "The conversation is longer than the model can read. Start a new session.",
    down=False,
)
REQUEST_TOO_LARGE = Fault(
    TooLarge, "The request is larger than the model takes. Attach less.", down=False
)
INVALID = Fault(
    InvalidInput,
    "The model does not take this request, most likely because of an attachment or a tool that it "
    "cannot be shown. Leave it out, or choose another model.",
    down=False,
)

_CODES = {
    "ThrottlingException": THROTTLED,
    "TooManyRequestsException": THROTTLED,
    "ServiceQuotaExceededException": THROTTLED,
    "ServiceUnavailableException": OVERLOADED,
    "ModelNotReadyException": OVERLOADED,
    "ModelTimeoutException": TIMED_OUT,
    "InternalServerException": TROUBLED,
    "ModelErrorException": TROUBLED,
    "ModelStreamErrorException": TROUBLED,
    "AccessDeniedException": REFUSED,
    "UnrecognizedClientException": REFUSED,
    "InvalidSignatureException": REFUSED,
    "InvalidClientTokenId": REFUSED,
    "MissingAuthenticationTokenException": REFUSED,
    "ExpiredTokenException": EXPIRED,
    "ExpiredToken": EXPIRED,
    "RequestExpired": EXPIRED,
    "ResourceNotFoundException": UNKNOWN,
}
# What providers say within a stream, whose status was 200 already.
_WORDS = {
    "rate_limit_error": THROTTLED,
    "rate_limit_exceeded": THROTTLED,
    "insufficient_quota": THROTTLED,
    "overloaded_error": OVERLOADED,
    "api_error": TROUBLED,
    "server_error": TROUBLED,
    "authentication_error": REFUSED,
    "permission_error": REFUSED,
    "not_found_error": UNKNOWN,
    "invalid_request_error": INVALID,
}
_STATUSES = {
    400: INVALID,
    401: REFUSED,
    402: REFUSED,
    403: REFUSED,
    404: UNKNOWN,
    408: TIMED_OUT,
    409: TROUBLED,
    413: REQUEST_TOO_LARGE,
    422: INVALID,
    424: TROUBLED,
    429: THROTTLED,
    503: OVERLOADED,
    504: TIMED_OUT,
    529: OVERLOADED,  # Anthropic
}
# Bedrock says of a wrong model id that the request is not valid.
_UNKNOWN_MODEL = re.compile(
    r"model identifier is invalid|on-demand throughput isn.t supported|no such model"
)
_EXPIRED_TOKEN = re.compile(r"(security )?token (included in the request )?(is|has) expired")

_TYPES: tuple[tuple[type[BaseException], Fault], ...] = (
    (ModelThrottledException, THROTTLED),
    (ContextWindowOverflowException, TOO_LONG),
    (NoCredentialsError, NO_CREDENTIALS),
    (PartialCredentialsError, NO_CREDENTIALS),
    (CredentialRetrievalError, NO_CREDENTIALS),
    (TokenRetrievalError, EXPIRED),
    (SSOError, EXPIRED),
    (NoRegionError, NO_REGION),
    (ConnectTimeoutError, TIMED_OUT),
    (ReadTimeoutError, TIMED_OUT),
    (TransportTimedOut, TIMED_OUT),
    (httpx.TimeoutException, TIMED_OUT),
    (TimeoutError, TIMED_OUT),
    (httpx.ConnectError, UNREACHABLE),
    (TransportFailed, CUT),
    (httpx.TransportError, CUT),
    (ParserError, CUT),
    (BotoCoreError, UNREACHABLE),
    (OSError, UNREACHABLE),
)


def fault_of(error: BaseException) -> Fault:
    """Find out what an exception means; one that nobody knows is ``BROKEN``."""
    for each in _causes(error):
        fault = _known(each)
        if fault is not None:
            return fault
    return BROKEN


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it was raised from; strands wraps what happens after a tool."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        if isinstance(found, EventLoopException):
            found = found.original_exception
        else:
            found = found.__cause__


def _known(error: BaseException) -> Fault | None:
    if isinstance(error, GatewayError):
        return Fault(type(error), error.message, again=not isinstance(error, _LASTING))
    if isinstance(error, ClientError):
        return _of_aws(error)
    for kind, fault in _TYPES:
        if isinstance(error, kind):
            return fault
    return _of_status(_status(error)) or _of_words(error)


_LASTING = (InvalidInput, NotConfigured)


def _of_aws(error: ClientError) -> Fault:
    found = error.response.get("Error", {})
    # Modelled exceptions within a stream begin with a small letter.
    code = str(found.get("Code", ""))
    fault = _CODES.get(code[:1].upper() + code[1:])
    message = str(found.get("Message", ""))
    if fault is REFUSED and _EXPIRED_TOKEN.search(message):
        return EXPIRED
    if fault is not None:
        return fault
    if code.lower() == "validationexception":
        return UNKNOWN if _UNKNOWN_MODEL.search(message) else INVALID
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return _of_status(status) or TROUBLED


def _of_words(error: BaseException) -> Fault | None:
    body: Any = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else {}
    said = inner if isinstance(inner, dict) else {}
    for word in (getattr(error, "code", None), said.get("code"), said.get("type")):
        if isinstance(word, str) and word in _WORDS:
            return _WORDS[word]
    return None


def _status(error: BaseException) -> object:
    """The HTTP status that came with an exception, by whatever name its library gives it."""
    response = getattr(error, "response", None)
    for place, name in ((error, "status_code"), (error, "code"), (response, "status_code")):
        status = getattr(place, name, None)
        if isinstance(status, int) and status >= 400:
            return status
    return None


def _of_status(status: object) -> Fault | None:
    if not isinstance(status, int) or status < 400:
        return None
    return _STATUSES.get(status, TROUBLED if status >= 500 else INVALID)

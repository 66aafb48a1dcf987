"""What a fault of the service means: whether to connect again, and what the user is told.

The text of an exception is looked at only for the code that the SDK puts there when it does not
know it; it is never shown.
"""

import re
from collections.abc import Mapping

from aws_sdk_bedrock_runtime import (  # type: ignore[import-untyped]  # it has no types
    models as service,
)
from msgspec import Struct
from smithy_core.exceptions import CallError  # type: ignore[import-untyped,unused-ignore]
from strands.bidi.models.model import ConnectionTimeoutError

from protocols.contract.errors import (
    GatewayError,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    TimedOut,
    Unavailable,
)

ACCESS = (
    "Amazon Bedrock refused the access to the voice model. Allow bedrock:InvokeModel and "
    "bedrock:InvokeModelWithBidirectionalStream, and request access to the model in this region; "
    "`doctor` checks both."
)
KEYS = "Amazon Bedrock does not know these AWS credentials. Renew them; `doctor` checks them."
EXPIRED = "The AWS credentials have expired. Renew them."
NO_MODEL = (
    "The voice model is not known in this region. Check the model id (GATEWAY_VOICE_MODEL) and "
    "AWS_REGION."
)
REFUSED = (
    "Nova Sonic refused how the conversation was opened. Check the model id (GATEWAY_VOICE_MODEL) "
    "and the voice (GATEWAY_VOICE)."
)
_THROTTLED = "The voice model's service is at its limit. Try again in a moment."
_OVERLOADED = "The voice model's service is not available now. Try again in a moment."
_UNREACHABLE = (
    "The voice model's service cannot be reached. Check the network and AWS_REGION, and try again."
)
_SILENT = "The voice model did not answer in time. Try again."
_NO_REPLY = (
    "The voice model's service did not answer in time. Check the network, AWS_REGION and "
    "AWS_CA_BUNDLE, or try again."
)
_FAILED = "The voice model failed before its answer was complete. Try again."
_LOST = "The connection to the voice model was lost and could not be made again. Try again."


class Silent(Exception):
    """The model owes an answer and gives no sign; ``is_last``: it was given every chance."""

    def __init__(self, *, is_last: bool = False) -> None:
        super().__init__("the model is silent")
        self.is_last = is_last


class Stalled(Exception):
    """The service takes no more of what is said."""


class Verdict(Struct, frozen=True):
    """``again``: another connection may do better."""

    kind: type[GatewayError]
    message: str
    again: bool = True

    def shown(self) -> GatewayError:
        """Make the error for the user; a new one, for tracebacks collect in a raised one."""
        return self.kind(self.message)


_UNKNOWN_CODE = re.compile(r"status: (?P<status>\d+) - id: \S*#(?P<code>\w+)")
_CODES: Mapping[str, Verdict] = {
    "ExpiredTokenException": Verdict(NotConfigured, EXPIRED),  # found anew at each connection
    "UnrecognizedClientException": Verdict(NotConfigured, KEYS, again=False),
    "InvalidSignatureException": Verdict(NotConfigured, KEYS, again=False),
    "MissingAuthenticationTokenException": Verdict(NotConfigured, KEYS, again=False),
    "IncompleteSignatureException": Verdict(NotConfigured, KEYS, again=False),
}
_TABLE: tuple[tuple[type[BaseException], Verdict], ...] = (
    (Silent, Verdict(TimedOut, _SILENT)),
    (Stalled, Verdict(TimedOut, _SILENT)),
    (ConnectionTimeoutError, Verdict(ModelFailed, _LOST)),
    (service.ThrottlingException, Verdict(ModelThrottled, _THROTTLED)),
    (service.ServiceQuotaExceededException, Verdict(ModelThrottled, _THROTTLED)),
    (service.ServiceUnavailableException, Verdict(Unavailable, _OVERLOADED)),
    (service.ModelNotReadyException, Verdict(Unavailable, _OVERLOADED)),
    (service.AccessDeniedException, Verdict(NotConfigured, ACCESS, again=False)),
    (service.ResourceNotFoundException, Verdict(NotConfigured, NO_MODEL, again=False)),
    (service.ServiceError, Verdict(ModelFailed, _FAILED)),
    (TimeoutError, Verdict(TimedOut, _UNREACHABLE)),
)


def judge(error: BaseException, *, is_working: bool) -> Verdict:
    """Tell what a fault means.

    Args:
        error: what strands or the SDK raised, or ``Silent`` or ``Stalled``.
        is_working: whether the service has answered on this connection before: what it refuses
            at once, it would refuse again.
    """
    if isinstance(error, service.ValidationException):
        return Verdict(ModelFailed, _FAILED) if is_working else _refused()
    if isinstance(error, Silent | Stalled) and not is_working:
        return Verdict(TimedOut, _NO_REPLY)
    for kind, verdict in _TABLE:
        if isinstance(error, kind):
            return verdict
    if isinstance(error, CallError):
        return _by_code(str(error))
    return Verdict(ModelFailed, _LOST if is_working else _UNREACHABLE)


def _by_code(text: str) -> Verdict:
    found = _UNKNOWN_CODE.search(text)
    if found is None:
        return Verdict(ModelFailed, _FAILED)
    if found["code"] in _CODES:
        return _CODES[found["code"]]
    if found["status"] in ("401", "403"):
        return Verdict(NotConfigured, ACCESS, again=False)
    return Verdict(ModelFailed, _FAILED)


def _refused() -> Verdict:
    return Verdict(NotConfigured, REFUSED, again=False)

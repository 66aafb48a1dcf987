"""The one table that turns exceptions of strands and botocore into contract errors."""

import logging

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from strands.types.exceptions import (
    ConcurrencyException,
    ContextWindowOverflowException,
    ModelThrottledException,
)

from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    SessionBusy,
    TimedOut,
)

_log = logging.getLogger(__name__)

_CREDENTIALS = (
    "No AWS credentials were found for the model. Set them (AWS_PROFILE, AWS_ACCESS_KEY_ID or a "
    "role), or use the offline models. `doctor` tells more."
)
_ACCESS = (
    "Amazon Bedrock refused the credentials or the access to this model. Allow bedrock:InvokeModel "
    "and request access to the model in this region; `doctor` checks both."
)
_FAILED = "The model failed before its answer was complete. Try again; the log holds the reason."

_TABLE: tuple[tuple[type[BaseException], GatewayError], ...] = (
    (ModelThrottledException, ModelThrottled("The model's service is at its limit. Try again.")),
    (
        ContextWindowOverflowException,
        InvalidInput("The conversation is longer than the model can read. Start a new session."),
    ),
    (ConcurrencyException, SessionBusy("Another turn is running on this session.")),
    (NoCredentialsError, NotConfigured(_CREDENTIALS)),
    (PartialCredentialsError, NotConfigured(_CREDENTIALS)),
    (NoRegionError, NotConfigured("No AWS region is set for the model. Set AWS_REGION.")),
    (EndpointConnectionError, ModelFailed("The model's service cannot be reached. Try again.")),
    (ConnectTimeoutError, TimedOut("The model's service did not answer in time. Try again.")),
    (ReadTimeoutError, TimedOut("The model did not answer in time. Try again.")),
    (TimeoutError, TimedOut("The model did not answer in time. Try again.")),
    (BotoCoreError, ModelFailed(_FAILED)),
)
_REFUSED = {
    "AccessDeniedException": NotConfigured(_ACCESS),
    "UnrecognizedClientException": NotConfigured(_ACCESS),
    "ExpiredTokenException": NotConfigured("The AWS credentials have expired. Renew them."),
    "ThrottlingException": ModelThrottled("The model's service is at its limit. Try again."),
    "ResourceNotFoundException": NotConfigured(
        "The model is not known in this region. Check the model id and AWS_REGION."
    ),
}


def contract_error(error: BaseException) -> GatewayError:
    """Turn an exception of the agent framework into one that callers may see.

    The text of the exception is not used: it may hold prompts, keys or paths. Raise the result
    ``from`` it.
    """
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, ClientError):
        known = _REFUSED.get(error.response.get("Error", {}).get("Code", ""))
        return _copy(known) if known else ModelFailed(_FAILED)
    for kind, shown in _TABLE:
        if isinstance(error, kind):
            return _copy(shown)
    return ModelFailed(_FAILED)


def told_failure(what: str, error: Exception) -> GatewayError:
    """Write a failure to the log, and give what callers may see of it.

    What we refuse ourselves is no more than a line: anybody can ask for it.
    """
    if isinstance(error, GatewayError):
        _log.info("%s refused: %s", what, error.message)
    else:
        _log.warning("%s failed: %s", what, type(error).__name__, exc_info=error)
    return contract_error(error)


def _copy(error: GatewayError) -> GatewayError:
    """Give a new instance: an exception that is raised twice would collect tracebacks."""
    return type(error)(error.message, error.details)

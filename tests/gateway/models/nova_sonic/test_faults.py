"""Each fault of the service is told in words that help, and tried again where that may help."""

import pytest
from aws_sdk_bedrock_runtime import (  # type: ignore[import-untyped]  # it has no types
    models as service,
)
from smithy_core.exceptions import CallError, SmithyError
from strands.bidi.models.model import ConnectionTimeoutError

from gateway.models.nova_sonic.faults import Silent, Stalled, judge
from gateway.models.nova_sonic.session import StreamLost
from protocols.contract.errors import (
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    TimedOut,
    Unavailable,
)


def unknown(code: str, status: int = 403) -> CallError:
    operation = "com.amazonaws.bedrockruntime#InvokeModelWithBidirectionalStream"
    identifier = f"com.amazonaws.bedrockruntime#{code}"
    return CallError(
        f"Unknown error for operation {operation} - status: {status} - id: {identifier}"
    )


@pytest.mark.parametrize(
    ("error", "kind", "again"),
    [
        (service.ThrottlingException(message="secret"), ModelThrottled, True),
        (service.ServiceQuotaExceededException(message="secret"), ModelThrottled, True),
        (service.ServiceUnavailableException(message="secret"), Unavailable, True),
        (service.ModelNotReadyException(message="secret"), Unavailable, True),
        (service.InternalServerException(message="secret"), ModelFailed, True),
        (service.ModelStreamErrorException(message="secret"), ModelFailed, True),
        (service.AccessDeniedException(message="secret"), NotConfigured, False),
        (service.ResourceNotFoundException(message="secret"), NotConfigured, False),
        (service.ValidationException(message="secret"), NotConfigured, False),
        (unknown("ExpiredTokenException"), NotConfigured, True),
        (unknown("UnrecognizedClientException"), NotConfigured, False),
        (unknown("SomethingNewException"), NotConfigured, False),
        (unknown("SomethingNewException", 500), ModelFailed, True),
        (CallError("secret"), ModelFailed, True),
        (SmithyError("secret: connection refused"), ModelFailed, True),
        (TimeoutError(), TimedOut, True),
        (Silent(), TimedOut, True),
        (Stalled(), TimedOut, True),
        (ConnectionTimeoutError("secret"), ModelFailed, True),
        (StreamLost("secret"), ModelFailed, True),
    ],
    ids=lambda each: each if isinstance(each, bool) else getattr(each, "__name__", repr(each)),
)
def test_a_fault_has_a_kind_and_no_secrets(error: Exception, kind: type, again: bool) -> None:
    verdict = judge(error, is_working=False)
    assert (verdict.kind, verdict.again) == (kind, again)
    assert "secret" not in verdict.message
    assert verdict.shown() is not verdict.shown()


def test_what_a_working_connection_refuses_another_may_take() -> None:
    verdict = judge(service.ValidationException(message="x"), is_working=True)
    assert (verdict.kind, verdict.again) == (ModelFailed, True)


def test_a_network_that_is_not_there_is_not_one_that_was_lost() -> None:
    messages = [judge(SmithyError("x"), is_working=each).message for each in (False, True)]
    assert "cannot be reached" in messages[0]
    assert "was lost" in messages[1]


def test_a_service_that_never_answered_may_not_be_there_at_all() -> None:
    messages = [judge(Silent(), is_working=each).message for each in (False, True)]
    assert ["AWS_REGION" in message for message in messages] == [True, False]


def test_a_refused_access_names_what_has_to_be_allowed() -> None:
    verdict = judge(service.AccessDeniedException(message="x"), is_working=False)
    assert "bedrock:InvokeModelWithBidirectionalStream" in verdict.message

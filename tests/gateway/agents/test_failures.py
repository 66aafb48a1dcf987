"""Exceptions of libraries become errors that callers may see."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
    UnknownServiceError,
)
from strands.types.exceptions import (
    ConcurrencyException,
    ContextWindowOverflowException,
    ModelThrottledException,
)

from gateway.agents.failures import contract_error
from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    NotFound,
    SessionBusy,
    TimedOut,
)

SECRET = "sk-secret"


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": SECRET}}, "Converse")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModelThrottledException(SECRET), ModelThrottled),
        (ContextWindowOverflowException(SECRET), InvalidInput),
        (ConcurrencyException(SECRET), SessionBusy),
        (NoCredentialsError(), NotConfigured),
        (NoRegionError(), NotConfigured),
        (EndpointConnectionError(endpoint_url=SECRET), ModelFailed),
        (ConnectTimeoutError(endpoint_url=SECRET), TimedOut),
        (ReadTimeoutError(endpoint_url=SECRET), TimedOut),
        (TimeoutError(SECRET), TimedOut),
        (UnknownServiceError(service_name=SECRET, known_service_names=""), ModelFailed),
        (refused("AccessDeniedException"), NotConfigured),
        (refused("ExpiredTokenException"), NotConfigured),
        (refused("ThrottlingException"), ModelThrottled),
        (refused("ResourceNotFoundException"), NotConfigured),
        (refused("SomethingNewException"), ModelFailed),
        (ValueError(SECRET), ModelFailed),
    ],
)
def test_each_failure_has_its_error_and_shows_nothing_of_its_text(
    error: Exception, kind: type[GatewayError]
) -> None:
    shown = contract_error(error)
    assert type(shown) is kind
    assert SECRET not in shown.message
    assert contract_error(error) is not shown


def test_an_error_of_the_contract_is_passed_as_it_is() -> None:
    error = NotFound("No such thing.")
    assert contract_error(error) is error

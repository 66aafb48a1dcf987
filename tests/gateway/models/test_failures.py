"""Exceptions of all providers' libraries have one meaning each."""

from types import SimpleNamespace
from typing import Any

import anthropic
import botocore.exceptions as aws
import httpx
import ollama
import openai
import pytest
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, EventStreamError
from google.genai.errors import ClientError as GeminiRefused
from google.genai.errors import ServerError as GeminiFailed
from strands.types.exceptions import (
    ContextWindowOverflowException,
    EventLoopException,
    ModelThrottledException,
)
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from gateway.models import failures
from gateway.models.failures import Fault, fault_of
from protocols.contract.errors import InvalidInput, NotConfigured, TimedOut, Unavailable

SECRET = "sk-secret"
REQUEST = httpx.Request("POST", "http://127.0.0.1/")


def refused(code: str, message: str = SECRET, status: int | None = None) -> ClientError:
    said: Any = {"Error": {"Code": code, "Message": message}}
    if status is not None:
        said["ResponseMetadata"] = {"HTTPStatusCode": status}
    return ClientError(said, "ConverseStream")


def in_stream(kind: str) -> EventStreamError:
    return EventStreamError({"Error": {"Code": kind, "Message": SECRET}}, "ConverseStream")


def answered(library: Any, status: int, body: Any = None) -> Exception:
    """What a library of this family raises for a status."""
    response = httpx.Response(status, request=REQUEST)
    error: Exception = library.APIStatusError(SECRET, response=response, body=body)
    return error


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


AWS = [
    (aws.NoCredentialsError(), failures.NO_CREDENTIALS),
    (
        aws.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        failures.NO_CREDENTIALS,
    ),
    (
        aws.CredentialRetrievalError(provider="process", error_msg=SECRET),
        failures.NO_CREDENTIALS,
    ),
    (aws.UnauthorizedSSOTokenError(), failures.EXPIRED),
    (aws.TokenRetrievalError(provider="sso", error_msg=SECRET), failures.EXPIRED),
    (aws.NoRegionError(), failures.NO_REGION),
    (aws.EndpointConnectionError(endpoint_url=SECRET), failures.UNREACHABLE),
    (aws.ConnectionClosedError(endpoint_url=SECRET), failures.UNREACHABLE),
    (aws.ConnectTimeoutError(endpoint_url=SECRET), failures.TIMED_OUT),
    (aws.ReadTimeoutError(endpoint_url=SECRET), failures.TIMED_OUT),
    (ProtocolError(SECRET), failures.CUT),
    (ReadTimeoutError(None, None, SECRET), failures.TIMED_OUT),  # type: ignore[arg-type]  # no pool is needed
    (ChecksumMismatch(1, 2), failures.CUT),
    (refused("ThrottlingException"), failures.THROTTLED),
    (refused("ServiceUnavailableException"), failures.OVERLOADED),
    (refused("ModelNotReadyException"), failures.OVERLOADED),
    (refused("InternalServerException"), failures.TROUBLED),
    (refused("ModelTimeoutException"), failures.TIMED_OUT),
    (refused("AccessDeniedException"), failures.REFUSED),
    (
        refused("AccessDeniedException", "The security token included in the request is expired"),
        failures.EXPIRED,
    ),
    (refused("UnrecognizedClientException"), failures.REFUSED),
    (refused("ExpiredTokenException"), failures.EXPIRED),
    (refused("ResourceNotFoundException"), failures.UNKNOWN),
    (refused("ValidationException"), failures.INVALID),
    (
        refused("ValidationException", "The provided model identifier is invalid."),
        failures.UNKNOWN,
    ),
    (
        refused("ValidationException", "with on-demand throughput isn’t supported. Retry with"),
        failures.UNKNOWN,
    ),
    (refused("SomethingNewException"), failures.TROUBLED),
    (refused("SomethingNewException", status=403), failures.REFUSED),
    (in_stream("modelStreamErrorException"), failures.TROUBLED),
    (in_stream("internalServerException"), failures.TROUBLED),
    (in_stream("serviceUnavailableException"), failures.OVERLOADED),
    (in_stream("throttlingException"), failures.THROTTLED),
    (in_stream("validationException"), failures.INVALID),
]
OTHERS = [
    *[
        (answered(library, status), fault)
        for library in (openai, anthropic)
        for status, fault in [
            (400, failures.INVALID),
            (401, failures.REFUSED),
            (404, failures.UNKNOWN),
            (413, failures.REQUEST_TOO_LARGE),
            (418, failures.INVALID),
            (429, failures.THROTTLED),
            (500, failures.TROUBLED),
            (503, failures.OVERLOADED),
            (504, failures.TIMED_OUT),
            (529, failures.OVERLOADED),
        ]
    ],
    (
        answered(anthropic, 200, {"type": "error", "error": {"type": "overloaded_error"}}),
        failures.OVERLOADED,
    ),
    (
        openai.APIError(SECRET, REQUEST, body={"code": None, "type": "server_error"}),
        failures.TROUBLED,
    ),
    (
        openai.APIError(SECRET, REQUEST, body={"code": "rate_limit_exceeded"}),
        failures.THROTTLED,
    ),
    (
        caused(openai.APIConnectionError(request=REQUEST), httpx.ConnectError(SECRET)),
        failures.UNREACHABLE,
    ),
    (
        caused(anthropic.APITimeoutError(request=REQUEST), httpx.ReadTimeout(SECRET)),
        failures.TIMED_OUT,
    ),
    (httpx.RemoteProtocolError(SECRET), failures.CUT),
    (
        httpx.HTTPStatusError(SECRET, request=REQUEST, response=httpx.Response(500)),
        failures.TROUBLED,
    ),
    (ollama.ResponseError(SECRET, 404), failures.UNKNOWN),
    (ConnectionError(SECRET), failures.UNREACHABLE),
    (GeminiRefused(429, {"error": {"message": SECRET}}), failures.THROTTLED),
    (GeminiFailed(503, {"error": {"message": SECRET}}), failures.OVERLOADED),
    (ModelThrottledException(SECRET), failures.THROTTLED),
    (ContextWindowOverflowException(SECRET), failures.TOO_LONG),
    (EventLoopException(ModelThrottledException(SECRET)), failures.THROTTLED),
    (caused(RuntimeError(SECRET), ModelThrottledException(SECRET)), failures.THROTTLED),
    (TimeoutError(SECRET), failures.TIMED_OUT),
    (ValueError(SECRET), failures.BROKEN),
]


@pytest.mark.parametrize(("error", "fault"), [*AWS, *OTHERS], ids=repr)
def test_each_exception_means_one_thing(error: Exception, fault: Fault) -> None:
    assert fault_of(error) is fault
    assert SECRET not in fault.shown().message


def test_exceptions_that_cause_each_other_are_looked_at_once() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert fault_of(one) is failures.BROKEN


def test_errors_of_the_contract_keep_their_words() -> None:
    late = fault_of(TimedOut("Too late."))
    assert (late, type(late.shown()), late.shown().message) == (
        Fault(TimedOut, "Too late.", again=True),
        TimedOut,
        "Too late.",
    )
    assert fault_of(NotConfigured("No key.")) == Fault(NotConfigured, "No key.")


def test_statuses_that_are_none_say_nothing() -> None:
    error: Any = ValueError()
    error.response = SimpleNamespace(status_code=200)
    error.code = "E1"
    assert fault_of(error) is failures.BROKEN


def test_only_what_the_caller_can_mend_is_the_callers_fault() -> None:
    faults = [fault for _, fault in (*AWS, *OTHERS)]
    assert {fault.kind for fault in faults if not fault.down} >= {InvalidInput}
    assert all(fault.down for fault in faults if issubclass(fault.kind, Unavailable))
    assert not any(fault.again for fault in faults if not fault.down or fault.expired)

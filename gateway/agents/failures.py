"""Turns exceptions of strands and of the models behind it into contract errors."""

import logging

from strands.types.exceptions import ConcurrencyException

from gateway.models.failures import fault_of
from protocols.contract.errors import GatewayError, SessionBusy

_log = logging.getLogger(__name__)


def contract_error(error: BaseException) -> GatewayError:
    """Turn an exception of the agent framework into one that callers may see.

    The text of the exception is not used: it may hold prompts, keys or paths. Raise the result
    ``from`` it.
    """
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, ConcurrencyException):
        return SessionBusy("Another turn is running on this session.")
    return fault_of(error).shown()


def told_failure(what: str, error: Exception) -> GatewayError:
    """Write a failure to the log, and give what callers may see of it.

    What we refuse ourselves is no more than a line: anybody can ask for it.
    """
    if isinstance(error, GatewayError):
        _log.info("%s refused: %s", what, error.message)
    else:
        _log.warning("%s failed: %s", what, type(error).__name__, exc_info=error)
    return contract_error(error)

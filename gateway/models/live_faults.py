"""What refusals and losses of live services mean to the user."""

from protocols.contract.errors import (
    GatewayError,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    Unavailable,
)


def refused(status: int, service: str, key: str) -> GatewayError:
    """Give the error for a connection that was refused.

    Args:
        status: of HTTP.
        service: its name.
        key: the variable that holds its key.
    """
    match status:
        case 401 | 403:
            return NotConfigured(f"{service} refused the key. Check {key}.")
        case 404:
            return NotConfigured(
                f"{service} does not know the voice model. Check GATEWAY_VOICE_MODEL."
            )
        case 429:
            return ModelThrottled("The voice model's service is at its limit. Try again.")
        case _ if status >= 500:
            return Unavailable("The voice model's service is not available now. Try again.")
    return ModelFailed(f"{service} refused the conversation. Check GATEWAY_VOICE_MODEL.")


def unreachable(service: str) -> GatewayError:
    """Give the error for a service that does not answer."""
    return ModelFailed(f"{service} cannot be reached. Check the network, and try again.")


def lost() -> GatewayError:
    """Give the error for a connection that cannot be made again."""
    return ModelFailed(
        "The connection to the voice model was lost and could not be made again. Try again."
    )

"""What the services of models have in common: keys and time-outs."""

import os

import httpx

from gateway.settings import ModelOptions
from protocols.contract.errors import NotConfigured

_LATER_SECONDS = 1.0


def require_key(provider: str, *variables: str) -> None:
    """Refuse to make a model whose service would refuse every request.

    Args:
        provider: its name in the settings.
        variables: of the environment; one of them holds the key.

    Raises:
        NotConfigured: none is set.
    """
    if not any(os.environ.get(variable) for variable in variables):
        names = " or ".join(variables)
        raise NotConfigured(f"There is no key for {provider}. Set {names}.")


def read_seconds(options: ModelOptions) -> float:
    """How long a library may wait for bytes: a little longer than we do, so that we tell of it."""
    return max(options.first_token_seconds, options.between_tokens_seconds) + _LATER_SECONDS


def time_limits(options: ModelOptions) -> httpx.Timeout:
    """The time-outs of a client built on httpx."""
    return httpx.Timeout(read_seconds(options), connect=options.model_connect_seconds)

"""Lets Nova Sonic follow the variables of AWS that every other client follows.

strands 1.62 gives the public endpoint explicitly, which beats ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME``
and ``AWS_ENDPOINT_URL``; and its transport, the AWS CRT, knows nothing of ``AWS_CA_BUNDLE``. Where
one of these is set, the two names of strands' module that decide are replaced. Where none is set,
nothing is touched: production runs strands as it is.
"""

import os
from collections.abc import Mapping
from typing import Any

from awscrt.io import (  # type: ignore[import-untyped]  # awscrt has no types
    ClientTlsContext,
    TlsContextOptions,
)
from strands.bidi.models import bedrock as nova
from strands.bidi.models.bedrock import _BedrockAWSCRTHTTPClient

_ENDPOINTS = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL")
_AUTHORITIES = "AWS_CA_BUNDLE"
_CONFIG = "AsyncBedrockRuntimeConfig"
_TRANSPORT = "_BedrockAWSCRTHTTPClient"

# Taken at import, like the transport above: a strands that has lost one of the names would go to
# the public endpoint in silence.
_config = getattr(nova, _CONFIG)


def follow_environment(environ: Mapping[str, str] = os.environ) -> None:
    """Make Nova Sonic's connections follow the variables that are set; may be called again."""
    if any(environ.get(name) for name in _ENDPOINTS):
        setattr(nova, _CONFIG, _ConfiguredEndpoint)
    if environ.get(_AUTHORITIES):
        setattr(nova, _TRANSPORT, _TrustingTransport)


class _ConfiguredEndpoint:
    """Stands in for the configuration of the SDK: all that strands asks of it is to resolve it."""

    @staticmethod
    async def resolve(**overrides: Any) -> Any:
        """Resolve it without strands' endpoint, which leaves that to the SDK's own order."""
        overrides.pop("endpoint_uri", None)
        return await _config.resolve(**overrides)


class _TrustingTransport(_BedrockAWSCRTHTTPClient):
    """Trusts the authorities of ``AWS_CA_BUNDLE`` and no others, as boto3 does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        trusted = TlsContextOptions()
        trusted.override_default_trust_store_from_path(None, os.environ[_AUTHORITIES])
        self._tls_ctx = ClientTlsContext(trusted)

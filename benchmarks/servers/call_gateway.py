"""The gateway as ``python -m gateway serve`` starts it, with the echo for its voice."""

import os
from typing import cast

from benchmarks.echo_voice import voice_model  # noqa: F401 - loaded before the first call
from benchmarks.servers.losing import lose_a_packet_if_asked
from gateway.app import serve
from gateway.models.provider import PROVIDERS, ModelProvider
from gateway.settings import Settings

if __name__ == "__main__":
    lose_a_packet_if_asked()
    providers = cast(dict[str, ModelProvider], PROVIDERS)
    providers["echo"] = ModelProvider("echo", voice="benchmarks.echo_voice:voice_model")
    chosen = {
        "GATEWAY_VOICE_MODEL": "echo",
        "GATEWAY_MAX_PEERS": "200",
        "GATEWAY_MAX_SESSIONS": "200",
    }
    serve(Settings.from_environ(os.environ | chosen))

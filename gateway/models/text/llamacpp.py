"""The model of a llama.cpp server, at ``LLAMACPP_BASE_URL`` or on port 8081 of this machine.

The server must be started with its tool template (``--jinja``). Its own port is 8080, which is the
gateway's.
"""

import os

from strands.models import Model
from strands.models.llamacpp import LlamaCppModel

from gateway.models.choice import ModelChoice
from gateway.models.text.service import read_seconds

_HERE = "http://127.0.0.1:8081"


def text_model(choice: ModelChoice) -> Model:
    """Make the model; a server holds one, so that its id hardly matters."""
    seconds = read_seconds(choice.options)
    return LlamaCppModel(
        base_url=os.environ.get("LLAMACPP_BASE_URL") or _HERE,
        timeout=(choice.options.model_connect_seconds, seconds, seconds, seconds),  # type: ignore[arg-type]  # strands takes four, and says two
        model_id=choice.model_id or "default",
    )

"""Amazon Bedrock: Claude and all others behind Converse."""

from typing import Any

from botocore.config import Config
from strands.models import Model

from gateway.models.aws import aws_session
from gateway.models.caching import cache_config
from gateway.models.choice import ModelChoice
from gateway.models.converse import ConverseModel
from gateway.models.text.service import read_seconds

_CONNECTIONS = 200  # as many turns as run at once, by default


def text_model(choice: ModelChoice) -> Model:
    """Make the model; strands' default (a Claude Sonnet) if no id is given.

    botocore tries nothing again: waits of two layers would multiply.

    Raises:
        NoCredentialsError: boto3 finds no credentials.
    """
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=choice.options.model_connect_seconds,
        read_timeout=read_seconds(choice.options),
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
    )
    named: dict[str, Any] = {} if choice.model_id is None else {"model_id": choice.model_id}
    model = ConverseModel(
        boto_session=aws_session(takes_api_key=True), boto_client_config=config, **named
    )
    if choice.options.prompt_cache:
        model.update_config(cache_config=cache_config(str(model.config["model_id"])))
    return model

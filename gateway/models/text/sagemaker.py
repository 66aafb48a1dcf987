"""A model on an endpoint of Amazon SageMaker, which the settings name."""

from botocore.config import Config
from strands.models import Model
from strands.models.sagemaker import SageMakerAIModel

from gateway.models.aws import aws_session
from gateway.models.choice import ModelChoice
from gateway.models.text.service import read_seconds

_MOST_TOKENS = 4096


def text_model(choice: ModelChoice) -> Model:
    """Make the model.

    Raises:
        NoCredentialsError: boto3 finds no credentials.
    """
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=choice.options.model_connect_seconds,
        read_timeout=read_seconds(choice.options),
    )
    return SageMakerAIModel(
        {"endpoint_name": choice.model_id or ""},
        {"max_tokens": _MOST_TOKENS, "stream": True},
        boto_session=aws_session(),
        boto_client_config=config,
    )

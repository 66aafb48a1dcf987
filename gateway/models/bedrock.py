"""Amazon Bedrock: Claude and others for text, Nova Sonic for voice.

Credentials and endpoints are found by boto3 in its own documented order, and so is the region
behind ``AWS_REGION``, which every AWS service sets and boto3 alone does not read.
"""

import os

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from strands.bidi.models import BidiModel
from strands.bidi.models.bedrock import BedrockNovaSonicModel
from strands.models import BedrockModel, Model

from gateway.models.choice import ModelChoice
from gateway.models.endpoints import follow_environment

NOVA_SONIC = "amazon.nova-2-sonic-v1:0"
_CONNECT_SECONDS = 5
_READ_SECONDS = 120


def text_model(choice: ModelChoice) -> Model:
    """Make the model behind Converse; strands' default (a Claude Sonnet) if no id is given.

    Retrying is left to the agent's strategy: two layers of retries would multiply their waits.

    Raises:
        NoCredentialsError: boto3 finds no credentials.
    """
    session = _session()
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    if choice.model_id is None:
        return BedrockModel(boto_session=session, boto_client_config=config)
    return BedrockModel(boto_session=session, boto_client_config=config, model_id=choice.model_id)


def voice_model(choice: ModelChoice) -> BidiModel:
    """Make a Nova Sonic session: 16 kHz in, 24 kHz out.

    Raises:
        NoCredentialsError: boto3 finds no credentials.
    """
    follow_environment()
    return BedrockNovaSonicModel(
        boto_session=_session(),
        model_id=choice.model_id or NOVA_SONIC,
        voice=choice.voice or "matthew",
        audio={"input": {"sample_rate": 16000}, "output": {"sample_rate": 24000}},
    )


def _session() -> boto3.Session:
    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    if session.get_credentials() is None:
        raise NoCredentialsError
    return session

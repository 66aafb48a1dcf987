"""Amazon Bedrock: Nova Sonic for voice."""

from strands.bidi.models import BidiModel
from strands.bidi.models.bedrock import BedrockNovaSonicModel

from gateway.models.aws import aws_session
from gateway.models.choice import ModelChoice
from gateway.models.endpoints import follow_environment

NOVA_SONIC = "amazon.nova-2-sonic-v1:0"


def voice_model(choice: ModelChoice) -> BidiModel:
    """Make a Nova Sonic session: 16 kHz in, 24 kHz out.

    Raises:
        NoCredentialsError: boto3 finds no credentials.
    """
    follow_environment()
    return BedrockNovaSonicModel(
        boto_session=aws_session(),
        model_id=choice.model_id or NOVA_SONIC,
        voice=choice.voice or "matthew",
        audio={"input": {"sample_rate": 16000}, "output": {"sample_rate": 24000}},
    )

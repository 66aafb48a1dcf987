"""Makes the Nova Sonic of one conversation from the settings."""

import asyncio
from collections.abc import Callable
from typing import Any

from strands.bidi.models import BidiModel

from gateway.models.choice import ModelChoice
from gateway.models.endpoints import follow_environment
from gateway.models.nova_sonic.connection import Connection
from gateway.models.nova_sonic.credentials import Access, find_access
from gateway.models.nova_sonic.model import Make, NovaSonicModel, VoicePlan
from gateway.models.nova_sonic.session import NovaSonicSession
from gateway.models.nova_sonic.threads import share_threads

NOVA_SONIC = "amazon.nova-2-sonic-v1:0"
_VOICE = "matthew"
_STOP_SECONDS = 1.0
_BEFORE_EXPIRY_SECONDS = 180.0
_SHORTEST_SECONDS = 60.0


def voice_model(choice: ModelChoice) -> BidiModel:
    """Make a conversation with Nova Sonic; nothing is connected yet.

    Raises:
        NoCredentialsError: boto3 finds no credentials.
    """
    follow_environment()
    share_threads()
    access = find_access()
    speech = choice.speech
    plan = VoicePlan(
        model_id=choice.model_id or NOVA_SONIC,
        voice=choice.voice or _VOICE,
        input_sample_rate=speech.voice_input_rate,
        output_sample_rate=speech.voice_output_rate,
        answer_seconds=speech.voice_answer_seconds,
    )
    return NovaSonicModel(plan, connections(choice, plan, [access]))


def connections(
    choice: ModelChoice,
    plan: VoicePlan,
    ready: list[Access],
    find: Callable[[], Access] = find_access,
) -> Make:
    """Give what makes the connections of a conversation.

    Args:
        choice: the model and its settings.
        plan: what the connections have in common.
        ready: access that was found just now, for the first connection.
        find: finds access for the others.
    """

    def make() -> Connection:
        access = ready.pop() if ready else find()
        return Connection(
            NovaSonicSession(
                start_seconds=choice.speech.voice_start_seconds,
                stop_seconds=_STOP_SECONDS,
                boto_session=access.session,
                model_id=plan.model_id,
                voice=plan.voice,
                audio={
                    "input": {"sample_rate": plan.input_sample_rate},
                    "output": {"sample_rate": plan.output_sample_rate},
                },
                params=_parameters(choice),
            ),
            lasting_seconds(choice.speech.voice_renew_seconds, access.expires_in_seconds),
        )

    async def connect() -> Connection:
        return await asyncio.to_thread(make)

    return connect


def lasting_seconds(renew_seconds: float, expires_in_seconds: float | None) -> float:
    """Tell how long a connection is used: keys that expire are renewed in time."""
    if expires_in_seconds is None:
        return renew_seconds
    return min(renew_seconds, max(expires_in_seconds - _BEFORE_EXPIRY_SECONDS, _SHORTEST_SECONDS))


def _parameters(choice: ModelChoice) -> dict[str, Any]:
    sensitivity = choice.speech.voice_turn_sensitivity
    if sensitivity is None:
        return {}
    return {"turnDetectionConfiguration": {"endpointingSensitivity": sensitivity.upper()}}

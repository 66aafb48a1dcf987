"""A Nova Sonic is made from the settings; nothing is connected."""

import asyncio
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from gateway.models.choice import ModelChoice
from gateway.models.nova_sonic.credentials import Access
from gateway.models.nova_sonic.factory import (
    NOVA_SONIC,
    connections,
    lasting_seconds,
    voice_model,
)
from gateway.models.nova_sonic.model import NovaSonicModel, VoicePlan
from gateway.settings import VoiceOptions
from tests.emulators.emulator import AwsEmulator
from tests.gateway.models.nova_sonic.talking import SPEECH, nova, silence, talking


def made(setting: str = "bedrock", voice: str = "", **options: Any) -> NovaSonicModel:
    choice = ModelChoice(setting=setting, voice=voice, speech=VoiceOptions(**options))
    model = voice_model(choice)
    assert isinstance(model, NovaSonicModel)
    return model


def rates(model: NovaSonicModel) -> tuple[int, int]:
    audio = model.get_audio_config()
    return audio["input"]["sample_rate"], audio["output"]["sample_rate"]


def test_without_credentials_nothing_is_made(
    sonic: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(NoCredentialsError):
        made()


def test_a_voice_is_nova_sonic_at_the_rates_of_the_wires(sonic: AwsEmulator) -> None:
    model = made()
    assert model.get_config() == {"model_id": NOVA_SONIC, "voice": "matthew"}
    assert rates(model) == (16000, 24000)
    assert model.get_connection_config() == {"auto_restart": True}


def test_model_voice_and_rates_may_be_chosen(sonic: AwsEmulator) -> None:
    model = made(
        "bedrock/amazon.nova-9-sonic", "tiffany", voice_input_rate=8000, voice_output_rate=16000
    )
    assert (model.model_id, model.get_config()["voice"]) == ("amazon.nova-9-sonic", "tiffany")
    assert rates(model) == (8000, 16000)


def test_a_conversation_keeps_its_model(sonic: AwsEmulator) -> None:
    with pytest.raises(ValueError, match="model_id"):
        made().update_config(model_id="another")


async def test_what_was_chosen_is_what_the_service_gets(sonic: AwsEmulator) -> None:
    model = nova(voice_turn_sensitivity="high", voice_output_rate=16000)
    async with talking(model) as talk:
        talk.say(SPEECH + silence(1))
        await talk.answers(1)
    [session] = await asyncio.to_thread(sonic.sonic.ended, 1)
    [start], [prompt] = session.bodies("sessionStart"), session.bodies("promptStart")
    assert start == {"turnDetectionConfiguration": {"endpointingSensitivity": "HIGH"}}
    output = prompt["audioOutputConfiguration"]
    assert (output["sampleRateHertz"], output["voiceId"]) == (16000, "matthew")


async def test_keys_are_found_anew_for_every_connection_but_the_first() -> None:
    def access(name: str) -> Access:
        session = boto3.Session(name, "secret", region_name="us-east-1")
        return Access(session, 600.0)

    plan = VoicePlan(
        model_id=NOVA_SONIC,
        voice="matthew",
        input_sample_rate=16000,
        output_sample_rate=24000,
        answer_seconds=6.0,
    )
    names = iter(["SECOND", "THIRD"])
    make = connections(
        ModelChoice(setting="bedrock"), plan, [access("FIRST")], lambda: access(next(names))
    )
    made = [await make() for _ in range(3)]
    keys = [each._session._session.get_credentials().access_key for each in made]
    assert keys == ["FIRST", "SECOND", "THIRD"]
    assert {each.lasts_seconds for each in made} == {390.0}


@pytest.mark.parametrize(
    ("expires_in_seconds", "lasts"),
    [(None, 390.0), (3600.0, 390.0), (500.0, 320.0), (60.0, 60.0), (-5.0, 60.0)],
)
def test_a_connection_is_renewed_before_its_keys_expire(
    expires_in_seconds: float | None, lasts: float
) -> None:
    assert lasting_seconds(390.0, expires_in_seconds) == lasts

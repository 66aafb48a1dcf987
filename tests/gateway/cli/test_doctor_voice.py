"""The doctor speaks once with a voice model that is a service, and says what mends its refusal."""

import pytest

from gateway.cli import doctor_voice
from gateway.cli.doctor_voice import remedy, voice_findings
from gateway.cli.finding import Finding
from gateway.models.provider import Models
from gateway.settings import Settings
from protocols.contract.inputs import LiveOptions
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import DENIED, THROTTLED, UNAVAILABLE, Refusal
from tests.emulators.sonic.scripts import Session, SonicScript, Turn
from tests.gateway.models.nova_sonic.conftest import aws, sonic
from tests.scripted_voice import ScriptedVoice

__all__ = ["aws", "sonic"]

NOVA = Settings(voice_model="bedrock")
SILENT = Session(turns=(Turn(is_silent=True),))


def found(settings: Settings) -> Finding:
    [finding] = voice_findings(settings)
    return finding


def test_a_model_that_answers_is_fine(sonic: AwsEmulator) -> None:
    assert found(NOVA) == Finding("ok", "voice call", "bedrock answered with sound")
    [session] = sonic.sonic.ended(1)
    assert session.outcome == "ended"
    texts = [body["content"] for body in session.bodies("textInput")]
    assert texts == ["Answer with one word.", "Say yes."]


def test_a_refusal_that_passes_is_fine(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(THROTTLED, UNAVAILABLE)
    assert found(NOVA).level == "ok"


@pytest.mark.parametrize(
    ("scripts", "text", "mends"),
    [
        ([DENIED], "bedrock:InvokeModelWithBidirectionalStream", "aws iam put-role-policy"),
        ([Refusal(403, "UnrecognizedClientException")], "credentials", "aws sts get-caller"),
        ([Refusal(403, "ExpiredTokenException")] * 3, "have expired", "aws sso login"),
        ([Refusal(404, "ResourceNotFoundException")], "AWS_REGION", "list-foundation-models"),
        ([Refusal(400, "ValidationException")], "GATEWAY_VOICE", "settings"),
        ([THROTTLED] * 3, "limit", "again"),
    ],
    ids=["access", "keys", "expired", "region", "voice", "throttled"],
)
def test_a_refusal_names_what_mends_it(
    sonic: AwsEmulator, scripts: list[SonicScript], text: str, mends: str
) -> None:
    sonic.sonic.scripts.add(*scripts)
    finding = found(NOVA)
    assert (finding.level, text in finding.text, mends in finding.remedy) == ("fail", True, True)


def test_without_credentials_nobody_is_asked(
    sonic: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    finding = found(NOVA)
    assert (finding.level, "aws configure" in finding.remedy) == ("fail", True)


def test_a_silent_model_is_given_up_in_time(
    sonic: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_voice, "_SECONDS", 0.5)
    sonic.sonic.scripts.add(SILENT)
    assert "did not answer in time" in found(NOVA).text


def test_the_key_of_another_service_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    finding = found(Settings(voice_model="openai"))
    assert ("OPENAI_API_KEY" in finding.text, finding.remedy) == (
        True,
        "set the variable to a key of the service",
    )


def test_embedded_voices_are_not_asked() -> None:
    assert list(voice_findings(Settings())) == []


def test_a_model_that_cannot_be_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def voice(self: Models, options: LiveOptions) -> ScriptedVoice:
        return ScriptedVoice()

    monkeypatch.setattr(Models, "voice", voice)
    assert "cannot be asked" in found(NOVA).text


def test_what_nobody_knows_is_tried_again() -> None:
    assert remedy("Something new.") == "run `doctor` again in a moment"

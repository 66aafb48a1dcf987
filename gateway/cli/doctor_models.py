"""Checks of the models: the providers chosen, their packages and credentials.

Nothing is loaded, no request is sent, and no secret is shown; ``doctor_call`` asks the models.
"""

import importlib.util
from collections.abc import Iterator, Mapping

import botocore.exceptions
import botocore.session

from gateway.cli.finding import Finding
from gateway.models.choice import ModelChoice
from gateway.models.offline.speech import missing_packages
from gateway.models.provider import PROVIDERS, check
from gateway.settings import Settings, SettingsError

BEDROCK = "bedrock"
NOVA_SONIC_PACKAGE = "aws_sdk_bedrock_runtime"
INSTALL = "install the locked dependencies again: `make run` does"

# botocore asks a server for these; whether that answers is found out at the first request.
_REMOTE_CREDENTIALS = ("container-role", "iam-role")
_CONTAINER_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def model_findings(
    settings: Settings, environ: Mapping[str, str], speech_state: str | None
) -> Iterator[Finding]:
    """Check the text model and the voice model.

    ``speech_state`` is what a running gateway says of its speech engines.
    """
    try:
        check(settings)
    except SettingsError as error:
        yield Finding("fail", "models", str(error), "choose one of those")
        return
    text, voice = settings.text_model, settings.voice_model
    yield Finding("ok", "text model", _described(text))
    if PROVIDERS[ModelChoice(setting=voice).provider].embedded_speech:
        yield _speech(voice, speech_state)
    else:
        yield _remote_voice(voice)
    if BEDROCK in {ModelChoice(setting=name).provider for name in (text, voice)}:
        yield from aws_findings(environ)


def aws_findings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check that AWS credentials and a region are configured."""
    session = botocore.session.Session()
    try:
        resolver = session.get_component("credential_provider")
        for name in _REMOTE_CREDENTIALS:
            resolver.remove(name)
        credentials = session.get_credentials()
        region = session.get_config_variable("region") or environ.get("AWS_REGION")
    except botocore.exceptions.BotoCoreError as error:
        yield Finding("fail", "AWS configuration", str(error), "mend ~/.aws or the AWS_* variables")
        return
    if credentials is not None:
        yield Finding("ok", "AWS credentials", f"found ({credentials.method})")
    elif any(name in environ for name in _CONTAINER_VARIABLES):
        yield Finding("ok", "AWS credentials", "of the container's role")
    else:
        yield Finding(
            "fail",
            "AWS credentials",
            "none in the environment or in ~/.aws",
            "run `aws configure` or `aws sso login`; where a role of the machine gives them, "
            "this does not matter",
        )
    if region:
        yield Finding("ok", "AWS region", str(region))
    else:
        yield Finding("warn", "AWS region", "not set", "set AWS_REGION to where the model is")


def _described(model: str) -> str:
    return f"{model} (embedded, no account needed)" if model == "offline" else model


def _speech(voice: str, state: str | None) -> Finding:
    missing = missing_packages()
    if missing:
        lacking = ", ".join(missing)
        return Finding("fail", "voice model", f"{voice}: not installed: {lacking}", INSTALL)
    if state is None:
        return Finding("ok", "voice model", f"{voice}: installed; loaded at its first use")
    if state.startswith("failed"):
        remedy = "the log of the gateway holds the reason"
        return Finding("fail", "voice model", f"{voice}: {state}", remedy)
    return Finding("ok", "voice model", f"{voice}: {state}")


def _remote_voice(voice: str) -> Finding:
    is_nova = ModelChoice(setting=voice).provider == BEDROCK
    if is_nova and importlib.util.find_spec(NOVA_SONIC_PACKAGE) is None:
        text = f"{voice}: not installed: {NOVA_SONIC_PACKAGE}"
        return Finding("fail", "voice model", text, INSTALL)
    return Finding("ok", "voice model", voice)

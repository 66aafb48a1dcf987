from pathlib import Path

import pytest

from gateway.cli import doctor_models
from gateway.cli.doctor_models import INSTALL, aws_findings, model_findings
from gateway.cli.finding import Finding
from gateway.settings import Settings

SECRET = "x" * 40
HIDDEN = (
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
NO_CREDENTIALS = Finding(
    "fail",
    "AWS credentials",
    "none in the environment or in ~/.aws",
    "run `aws configure` or `aws sso login`; where a role of the machine gives them, "
    "this does not matter",
)


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in HIDDEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def found(speech: str | None = None, **settings: str) -> list[Finding]:
    return list(model_findings(Settings(**settings), {}, speech))  # type: ignore[arg-type]  # only the two models are given


def test_the_embedded_models_need_nothing() -> None:
    assert found() == [
        Finding("ok", "text model", "offline (embedded, no account needed)"),
        Finding("ok", "voice model", "offline: installed; loaded at its first use"),
    ]


@pytest.mark.parametrize(
    ("state", "finding"),
    [
        ("ready", Finding("ok", "voice model", "offline: ready")),
        ("loading", Finding("ok", "voice model", "offline: loading")),
        (
            "failed: no memory",
            Finding(
                "fail",
                "voice model",
                "offline: failed: no memory",
                "the log of the gateway holds the reason",
            ),
        ),
    ],
)
def test_a_running_gateway_says_how_its_speech_engines_are(state: str, finding: Finding) -> None:
    assert found(state)[1] == finding


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_models, "missing_packages", lambda: ["numpy", "py-nanotts"])
    monkeypatch.setattr(doctor_models, "NOVA_SONIC_PACKAGE", "package_of_nobody")
    assert found()[1] == Finding(
        "fail", "voice model", "offline: not installed: numpy, py-nanotts", INSTALL
    )
    assert found(voice_model="bedrock")[1] == Finding(
        "fail", "voice model", "bedrock: not installed: package_of_nobody", INSTALL
    )


def test_a_model_nobody_provides_is_a_failure() -> None:
    (finding,) = found(text_model="nobody")
    assert (finding.level, finding.name) == ("fail", "models")
    assert finding.text.startswith("GATEWAY_TEXT_MODEL: no such provider; known: offline")


def test_bedrock_without_credentials_says_how_to_get_them() -> None:
    assert found(text_model="bedrock", voice_model="bedrock") == [
        Finding("ok", "text model", "bedrock"),
        Finding("ok", "voice model", "bedrock"),
        NO_CREDENTIALS,
        Finding("warn", "AWS region", "not set", "set AWS_REGION to where the model is"),
    ]


def test_credentials_are_found_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    findings = list(aws_findings({"AWS_REGION": "eu-west-1"}))
    assert findings == [
        Finding("ok", "AWS credentials", "found (env)"),
        Finding("ok", "AWS region", "eu-west-1"),
    ]
    assert SECRET not in str(findings)


def test_the_role_of_a_container_counts() -> None:
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}
    assert next(aws_findings(environ)) == Finding(
        "ok", "AWS credentials", "of the container's role"
    )


def test_a_broken_configuration_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    (finding,) = aws_findings({})
    assert (finding.level, finding.name) == ("fail", "AWS configuration")
    assert "nobody" in finding.text

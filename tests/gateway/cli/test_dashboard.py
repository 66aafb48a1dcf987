import json

import pytest

from gateway.cli import dashboard


def test_everything_is_one_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert dashboard.run(name=None, alarms=False) == 0
    types = {
        resource["Type"] for resource in json.loads(capsys.readouterr().out)["Resources"].values()
    }
    assert {"AWS::CloudWatch::Dashboard", "AWS::CloudWatch::Alarm"} <= types


def test_the_alarms_stand_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert dashboard.run(name=None, alarms=True) == 0
    template = json.loads(capsys.readouterr().out)
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert "AWS::CloudWatch::Alarm" in types
    assert "AWS::CloudWatch::Dashboard" not in types
    assert template["Parameters"]


@pytest.mark.parametrize(("region", "shown"), [("eu-west-1", "eu-west-1"), ("", "us-east-1")])
def test_one_dashboard_is_its_body_for_the_region(
    region: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    assert dashboard.run(name="voice", alarms=False) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["widgets"]
    assert f'"{shown}"' in out

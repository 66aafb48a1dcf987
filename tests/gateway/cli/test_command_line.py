import pytest

from gateway.cli.command_line import parse
from gateway.cli.failures import WrongUsage

URL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("serve", {"command": "serve", "host": None, "port": None}),
        (
            "serve --host 0.0.0.0 --port 80",
            {"command": "serve", "host": "0.0.0.0", "port": "80"},
        ),
        ("chat", {"command": "chat", "url": URL, "session": None, "once": None}),
        (
            "chat http://x --session s --once hi",
            {"command": "chat", "url": "http://x", "session": "s", "once": "hi"},
        ),
        (
            "talk q.wav",
            {
                "command": "talk",
                "question": "q.wav",
                "url": URL,
                "output": None,
                "via": "webrtc",
                "session": None,
                "turn_only": False,
            },
        ),
        (
            "talk --turn-only --session s q.wav -o a.wav --via ws http://x",
            {
                "command": "talk",
                "question": "q.wav",
                "url": "http://x",
                "output": "a.wav",
                "via": "ws",
                "session": "s",
                "turn_only": True,
            },
        ),
        ("tools --json", {"command": "tools", "json": True}),
        ("doctor", {"command": "doctor"}),
        ("dashboard", {"command": "dashboard", "name": None, "alarms": False}),
        ("dashboard --only voice", {"command": "dashboard", "name": "voice", "alarms": False}),
        ("dashboard --alarms", {"command": "dashboard", "name": None, "alarms": True}),
    ],
)
def test_a_command_line_is_read(typed: str, options: dict[str, object]) -> None:
    assert parse(typed.split()) == options


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("", "python -m gateway: the following arguments are required: COMMAND (see --help)"),
        ("talk", "python -m gateway talk: the following arguments are required: QUESTION.wav"),
        ("talk q.wav --via phone", "python -m gateway talk: argument --via: invalid choice"),
        ("sing", "python -m gateway: argument COMMAND: invalid choice: 'sing'"),
        ("talk q.wav http://x more", "python -m gateway: unrecognized arguments: more"),
        ("doctor --now", "python -m gateway: unrecognized arguments: --now (see --help)"),
    ],
)
def test_wrong_usage_is_one_line(typed: str, complaint: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        parse(typed.split())
    assert str(refused.value).startswith(complaint)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("command", ["", "serve", "chat", "talk", "tools", "doctor", "dashboard"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse([*command.split(), "--help"])
    assert (left.value.code, capsys.readouterr().err) == (0, "")

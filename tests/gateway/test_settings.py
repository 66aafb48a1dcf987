"""Settings: read once, refused with the variable's name."""

import pytest

from gateway.settings import Limits, Settings, SettingsError, markdown_table, variables


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environ({"HOME": "/", "GATEWAYS": "no prefix of ours"})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.text_model) == ("127.0.0.1", 8080, "offline")


def test_values_are_read_with_their_types_and_from_every_section() -> None:
    settings = Settings.from_environ(
        {
            "GATEWAY_PORT": "9000",
            "GATEWAY_CAPTURE_CONTENT": "true",
            "GATEWAY_ALLOWED_ORIGINS": "https://a.example, https://b.example,",
            "GATEWAY_TOOL_SECONDS": "1.5",
            "GATEWAY_TEXT_MODEL": "bedrock/us.some.model-v1:0",
        }
    )
    assert settings.port == 9000
    assert settings.capture_content is True
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.limits == Limits(tool_seconds=1.5)
    assert settings.text_model == "bedrock/us.some.model-v1:0"


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("GATEWAY_PORT", "many", "GATEWAY_PORT: must be a whole number"),
        ("GATEWAY_PORT", "70000", "GATEWAY_PORT: must be a whole number <= 65535"),
        ("GATEWAY_AUTH", "jwt", "GATEWAY_AUTH: must be one of none, platform"),
        ("GATEWAY_CAPTURE_CONTENT", "maybe", "GATEWAY_CAPTURE_CONTENT: must be true or false"),
        ("GATEWAY_LOOPBACK_CANDIDATES", "x", "GATEWAY_LOOPBACK_CANDIDATES: must be true or false"),
        ("GATEWAY_TOOL_SECONDS", "long", "GATEWAY_TOOL_SECONDS: must be a number"),
        ("GATEWAY_TOOL_SECONDS", "0", "GATEWAY_TOOL_SECONDS: must be a number > 0.0"),
        ("GATEWAY_HOST", "", "GATEWAY_HOST: must be text of length >= 1"),
        ("GATEWAY_TEXT_MODEL", "Big Model", "GATEWAY_TEXT_MODEL: "),
        ("GATEWAY_PROT", "1", "GATEWAY_PROT: no such setting; did you mean GATEWAY_PORT?"),
        (
            "GATEWAY_IDLE_SECOND",
            "1",
            "GATEWAY_IDLE_SECOND: no such setting; did you mean GATEWAY_I",
        ),
        ("GATEWAY_MAX_DOORS", "1", "GATEWAY_MAX_DOORS: no such setting; the README"),
        ("GATEWAY_ZZZ", "1", "GATEWAY_ZZZ: no such setting; the README lists all"),
        ("GATEWAY_ICE_SERVERS", "kvs:", "GATEWAY_ICE_SERVERS: write kvs:CHANNEL"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_it(
    variable: str, value: str, fault: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({variable: value})
    assert str(caught.value).startswith(fault)
    assert "\n" not in str(caught.value)
    assert "got `" not in str(caught.value)


def test_no_two_settings_share_a_name() -> None:
    names = [name for name, _, _ in variables(Settings)]
    assert len(names) == len(set(names))


def test_the_table_lists_every_setting_with_a_meaning() -> None:
    rows = markdown_table().splitlines()[2:]
    assert len(rows) == len(list(variables(Settings)))
    assert all(row.rstrip("| ").rpartition("|")[2].strip() for row in rows)
    assert "| `GATEWAY_PORT` | `8080` |" in markdown_table()
    assert "| `GATEWAY_AUTH` | not set |" in markdown_table()
    assert "| `GATEWAY_ALLOWED_ORIGINS` | none |" in markdown_table()

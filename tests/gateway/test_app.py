"""The application as a whole, in this process; the wires are tested in ``tests/journeys``."""

import logging
from typing import Any

import pytest
from litestar import get
from litestar.testing import AsyncTestClient

from gateway import app as app_module
from gateway.app import Gateway, application, create_app, serve
from gateway.settings import Limits, Settings, SettingsError
from protocols.ag_ui.options import MediaOptions
from tests.scripted import Says, ScriptedModel


def settings(**values: Any) -> Settings:
    return Settings(**values)


def scripted(*turns: Says, **values: Any) -> Gateway:
    """A gateway whose text model plays a script."""
    gateway = Gateway(settings(**values))
    model = ScriptedModel(list(turns))

    async def text() -> ScriptedModel:
        return model

    gateway.models.text = text  # type: ignore[method-assign]  # stands for a provider
    return gateway


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"host": "0.0.0.0"}, "GATEWAY_AUTH: must be set"),
        ({"text_model": "oracle"}, "GATEWAY_TEXT_MODEL: no such provider"),
        ({"text_model": "cascade"}, "GATEWAY_TEXT_MODEL: no such provider"),
        ({"voice_model": "oracle"}, "GATEWAY_VOICE_MODEL: no such provider"),
        ({"tools": "no.such:thing"}, "GATEWAY_TOOLS: "),
        ({"voice": "nope"}, "GATEWAY_VOICE: The offline voice has no 'nope'"),
        ({"language": "xx"}, "GATEWAY_LANGUAGE: The offline voice has no 'xx'"),
    ],
)
def test_settings_that_name_what_is_not_there_stop_the_start(
    values: dict[str, Any], fault: str
) -> None:
    with pytest.raises(SettingsError, match=fault):
        create_app(settings(**values))


@pytest.mark.parametrize("auth", ["none", "platform"])
def test_another_address_is_served_once_it_is_said_who_may_call(auth: str) -> None:
    assert create_app(settings(host="0.0.0.0", auth=auth)) is not None


def test_the_websocket_keeps_to_the_settings() -> None:
    limits, media = Limits(idle_seconds=3), MediaOptions(max_media_bytes=7)
    gateway = Gateway(settings(limits=limits, media=media, voice_model="bedrock"))
    services = gateway.websocket()
    assert (services.idle_seconds, services.max_image_bytes) == (3, 7)
    assert (services.connections, services.nova_voices) == (gateway.connections, True)


async def test_a_prompt_is_answered_and_ping_is_healthy() -> None:
    gateway = scripted(Says(["Hi."]))
    async with AsyncTestClient(application(gateway)) as client:
        reply = await client.post("/invocations", json={"prompt": "Hello"})
        assert (reply.status_code, reply.json()["response"]) == (200, "Hi.")
        ping = (await client.get("/ping")).json()
        assert ping == {"status": "Healthy", "time_of_last_update": gateway.activity.changed}


async def test_what_litestar_refuses_is_shown_as_an_error_object() -> None:
    async with AsyncTestClient(application(scripted())) as client:
        missing = await client.get("/nowhere")
        assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")
        method = await client.get("/invocations")
        assert (method.status_code, method.json()["code"]) == (405, "VALIDATION_ERROR")
        assert method.headers["allow"]


async def test_a_fault_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    @get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret")

    app = application(scripted())
    app.register(broken)
    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        reply = await client.get("/broken")
    assert (reply.status_code, reply.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in reply.text
    assert "request failed: RuntimeError" in caplog.text


async def test_a_page_of_another_origin_is_refused_unless_it_is_allowed() -> None:
    gateway = scripted(Says(["Hi."]), allowed_origins=("https://ours.example",))
    async with AsyncTestClient(application(gateway)) as client:
        for origin, status in (("https://evil.example", 401), ("https://ours.example", 200)):
            reply = await client.post(
                "/invocations", json={"prompt": "Hello"}, headers={"Origin": origin}
            )
            assert reply.status_code == status
        assert reply.headers["access-control-allow-origin"] == "https://ours.example"


async def test_the_start_says_who_answers_and_how_to_change_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with AsyncTestClient(application(scripted())):
        pass
    assert "text is answered by offline, speech by offline" in caplog.text
    assert "GATEWAY_TEXT_MODEL=bedrock" in caplog.text


async def test_nothing_more_begins_once_the_gateway_drains() -> None:
    gateway = scripted(Says(["Hi."]))
    async with AsyncTestClient(application(gateway)) as client:
        await gateway.drain()
        reply = await client.post("/invocations", json={"prompt": "Hello"})
        assert (reply.status_code, reply.json()["code"]) == (503, "UNAVAILABLE")
        assert (await client.get("/ping")).status_code == 200


def test_server_spans_are_made_only_where_telemetry_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    names = [type(plugin).__name__ for plugin in app_module._plugins()]
    assert names == ["OpenTelemetryPlugin"]
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert app_module._plugins() == []


def test_serve_runs_the_server_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "gateway.server.DrainingServer.run",
        lambda self: ran.append((self.config.host, self.config.port)),
    )
    monkeypatch.setattr(app_module, "configure_logging", lambda **options: None)
    serve(settings(port=0))
    serve(settings(port=1, log_level="debug"))
    assert ran == [("127.0.0.1", 0), ("127.0.0.1", 1)]


def test_telemetry_that_cannot_start_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "configure_logging", lambda **options: None)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "no-such-exporter")
    with pytest.raises(SettingsError):
        serve(settings(port=0))

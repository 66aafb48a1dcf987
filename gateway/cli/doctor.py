"""Checks an installation, one line a check, with a remedy where not all is fine."""

import asyncio
import sys
from collections.abc import Iterator, Mapping

from gateway.cli.conversation import new_identifier
from gateway.cli.doctor_call import call_findings
from gateway.cli.doctor_models import model_findings
from gateway.cli.doctor_network import (
    access_finding,
    gateway_status,
    ice_findings,
    listener_finding,
    local_address,
    speech_state,
)
from gateway.cli.doctor_voice import voice_findings
from gateway.cli.failures import WrongUsage
from gateway.cli.finding import Finding, shown
from gateway.cli.tool_list import loaded_tools
from gateway.settings import PREFIX, Settings, SettingsError
from gateway.stores import SessionStore, open_store
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import GatewayError

PYTHON_FROM, PYTHON_BELOW = (3, 12), (3, 14)


def run(environ: Mapping[str, str]) -> int:
    """Check everything; 1 if something would not work."""
    findings = list(examine(environ))
    print(shown(findings))
    return 1 if any(finding.level == "fail" for finding in findings) else 0


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check one thing after the other."""
    yield python_finding(sys.version_info[:2])
    try:
        settings = Settings.from_environ(environ)
    except SettingsError as error:
        yield Finding("fail", "settings", str(error), "mend it; the rest cannot be checked before")
        return
    count = sum(name.startswith(PREFIX) for name in environ)
    yield Finding("ok", "settings", f"{count} set, all others by default")
    yield access_finding(settings)
    address = local_address(settings)
    status = gateway_status(address)
    yield listener_finding(settings, status)
    yield tools_finding(settings)
    yield store_finding(settings)
    models = list(model_findings(settings, environ, speech_state(address) if status else None))
    yield from models
    if all(finding.level != "fail" for finding in models):
        yield from call_findings(settings, environ)
        yield from voice_findings(settings)
    yield from ice_findings(settings)


def python_finding(version: tuple[int, ...]) -> Finding:
    """Check that this Python is one that the gateway is tested with."""
    text = ".".join(map(str, version))
    if version < PYTHON_FROM:
        return Finding("fail", "Python", text, "3.12 or 3.13 is needed: `make run` brings one")
    if version >= PYTHON_BELOW:
        return Finding("warn", "Python", text, "not tested; 3.12 and 3.13 are")
    return Finding("ok", "Python", text)


def store_finding(settings: Settings) -> Finding:
    """Check that the conversations can be kept where the settings say, by keeping one."""
    try:
        asyncio.run(_keep_one(open_store(settings)))
    except (SettingsError, GatewayError) as error:
        remedy = "name a folder that the gateway's user may write to"
        return Finding("fail", "sessions", str(error), remedy)
    return Finding("ok", "sessions", settings.session_store)


async def _keep_one(store: SessionStore) -> None:
    key = SessionKey("doctor", new_identifier())
    await store.write(key, b"")
    await store.delete(key)


def tools_finding(settings: Settings) -> Finding:
    """Check that the tools load."""
    try:
        names = loaded_tools(settings).names()
    except WrongUsage as error:
        return Finding("fail", "tools", str(error), "mend the setting or the module it names")
    return Finding("ok", "tools", ", ".join(names) or "none")

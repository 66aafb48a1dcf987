"""What ``GET /capabilities`` shows."""

import subprocess
import sys
from typing import Any

import msgspec
from ag_ui.core import AgentCapabilities
from pydantic import BaseModel
from strands import Agent, tool

from gateway.capabilities import WIRES, describe
from gateway.models.provider import Models
from gateway.settings import Limits, Settings
from tools.delegation import delegate
from tools.registry import ToolRegistry


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def described(**settings: Any) -> dict[str, Any]:
    chosen = Settings(**settings)
    return describe(chosen, Models(chosen), ToolRegistry([double]))


def unknown(part: BaseModel) -> set[str]:
    """Members that AG-UI does not name; it would take them silently."""
    found = set(part.model_extra or ())
    for name in type(part).model_fields:
        value = getattr(part, name)
        for each in value if isinstance(value, list) else [value]:
            found |= unknown(each) if isinstance(each, BaseModel) else set()
    return found


def test_it_is_what_ag_ui_calls_agent_capabilities() -> None:
    shown = described()
    read = AgentCapabilities.model_validate(shown)
    assert read.model_dump(by_alias=True, exclude_none=True) == shown
    assert unknown(read) == set()


def test_the_tools_are_shown_with_their_schemas() -> None:
    (item,) = described()["tools"]["items"]
    assert (item["name"], item["description"]) == ("double", "Double a number.")
    assert item["parameters"]["properties"]["number"]["type"] == "integer"
    assert item["parameters"]["required"] == ["number"]


def test_the_models_the_limits_and_the_state_of_speech_are_ours() -> None:
    shown = described(
        text_model="bedrock/x", voice_model="cascade", limits=Limits(max_body_bytes=2000)
    )
    assert shown["custom"] == {
        "wires": list(WIRES),
        "models": {"text": "bedrock/x", "voice": "cascade"},
        "speech": "not loaded",
        "calls": {"receivePath": "own"},
        "limits": {"maxBodyBytes": 2000},
    }


def test_attachments_are_declared_for_the_model_that_looks_at_them() -> None:
    nothing = {"image": False, "audio": False, "video": False, "pdf": False, "file": False}
    assert described()["multimodal"] == {"input": nothing}
    most = {"image": True, "audio": False, "video": False, "pdf": True, "file": True}
    assert described(text_model="bedrock")["multimodal"] == {"input": most}
    lite = described(text_model="bedrock/us.amazon.nova-lite-v1:0")
    assert lite["multimodal"] == {"input": most | {"video": True}}


def test_tools_that_hand_their_work_over_are_subagents() -> None:
    assert described()["multiAgent"] == {"supported": False}
    helper = delegate("helper", "Helps.", lambda model: Agent(model=model))
    chosen = Settings()
    shown = describe(chosen, Models(chosen), ToolRegistry([double, helper]))
    assert AgentCapabilities.model_validate(shown)
    assert shown["multiAgent"] == {
        "supported": True,
        "delegation": True,
        "subagents": [{"name": "helper", "description": "Helps."}],
    }


def test_thinking_is_declared_for_models_that_may_think() -> None:
    assert described()["reasoning"] == {"supported": False}
    assert described(text_model="bedrock")["reasoning"]["encrypted"] is True


def test_speech_that_no_model_needs_is_not_used() -> None:
    assert described(voice_model="bedrock")["custom"]["speech"] == "not used"


def test_it_is_json() -> None:
    shown = described()
    assert msgspec.json.decode(msgspec.json.encode(shown)) == shown


def test_describing_loads_no_model() -> None:
    code = (
        "import sys\n"
        "from gateway.capabilities import describe\n"
        "from gateway.models.provider import Models\n"
        "from gateway.settings import Settings\n"
        "from tools.registry import ToolRegistry\n"
        "s = Settings()\n"
        "describe(s, Models(s), ToolRegistry([]))\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {
        "gateway.models.offline.text",
        "gateway.models.nova_sonic",
        "moonshine_voice",
        "aiortc",
        "av",
    }.isdisjoint(loaded)

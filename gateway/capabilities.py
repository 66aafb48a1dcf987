"""What this gateway can do, as ``GET /capabilities`` shows it.

The groups are those of AG-UI's AgentCapabilities; what is ours stands under ``custom``.
"""

from typing import Any

from gateway.models.choice import ModelChoice
from gateway.models.media import kinds_taken
from gateway.models.provider import Models
from gateway.settings import Settings
from protocols.webrtc.receiving import receive_path
from tools.registry import ToolRegistry

_DELEGATES = ("delegate", "agent")  # tools.delegation, and Agent.as_tool() of strands
WIRES = ("http", "agui", "ws", "webrtc")


def describe(settings: Settings, models: Models, tools: ToolRegistry) -> dict[str, Any]:
    """Describe the gateway; loads nothing and waits for nothing."""
    speech = models.speech
    return {
        "identity": {"name": "agent-gateway", "description": "One agent behind every wire."},
        "transport": {"streaming": True, "websocket": True, "httpBinary": True},
        "tools": {
            "supported": True,
            "clientProvided": True,
            "parallelCalls": True,
            "items": [
                {
                    "name": spec.name,
                    "description": spec.description,
                    "parameters": spec.schema,
                }
                for spec in tools.specs()
            ],
        },
        "output": {"supportedMimeTypes": ["text/plain", "audio/wav"]},
        "state": {
            "snapshots": True,
            "deltas": True,
            "memory": True,
            "persistentState": settings.session_store != "memory",
        },
        "humanInTheLoop": {"supported": True, "interrupts": True, "approvals": True},
        "multiAgent": _delegates(tools),
        "reasoning": _reasoning(models.text_name),
        "multimodal": {"input": _media_seen(models.text_name)},
        "custom": {
            "wires": list(WIRES),
            "models": {"text": models.text_name, "voice": models.voice_name},
            "speech": speech.state if speech is not None else "not used",
            "calls": {"receivePath": receive_path()},
            "limits": {"maxBodyBytes": settings.limits.max_body_bytes},
        },
    }


def _delegates(tools: ToolRegistry) -> dict[str, Any]:
    """The tools that hand their work to other agents."""
    found = [tool for tool in tools if tool.tool_type in _DELEGATES]
    if not found:
        return {"supported": False}
    subagents = [
        {"name": tool.tool_name, "description": tool.tool_spec["description"]} for tool in found
    ]
    return {"supported": True, "delegation": True, "subagents": subagents}


def _reasoning(text_model: str) -> dict[str, bool]:
    """Whatever a model thinks aloud is shown; the embedded one does not think."""
    if ModelChoice(setting=text_model).provider == "offline":
        return {"supported": False}
    return {"supported": True, "streaming": True, "encrypted": True}


def _media_seen(text_model: str) -> dict[str, bool]:
    """The attachments that the text model looks at; the embedded one only tells that they came."""
    choice = ModelChoice(setting=text_model)
    kinds = kinds_taken(choice) if choice.provider != "offline" else frozenset()
    return {
        "image": "image" in kinds,
        "audio": "audio" in kinds,
        "video": "video" in kinds,
        "pdf": "document" in kinds,
        "file": "document" in kinds,
    }

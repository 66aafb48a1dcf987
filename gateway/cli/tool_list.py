"""Lists the tools of the setting ``GATEWAY_TOOLS``."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.cli.failures import WrongUsage
from gateway.cli.printable import one_line
from gateway.settings import Settings
from tools.registry import ToolDescription, ToolRegistry, load

_TYPE_IF_NONE = "any"


def run(settings: Settings, *, as_json: bool) -> int:
    """Print the tools.

    Raises:
        WrongUsage: the setting names something that is not there.
    """
    tools = loaded_tools(settings).specs()
    if as_json:
        listed = [
            {"name": tool.name, "description": tool.description, "parameters": tool.schema}
            for tool in tools
        ]
        print(json.dumps(listed, indent=2))
    else:
        print("\n\n".join(map(shown, tools)))
    return 0


def loaded_tools(settings: Settings) -> ToolRegistry:
    """Load the tools.

    Raises:
        WrongUsage: the setting names something that is not there.
    """
    try:
        return ToolRegistry(load(settings.tools))
    except ValueError as error:
        raise WrongUsage(f"GATEWAY_TOOLS: {error}") from None


def shown(tool: ToolDescription) -> str:
    """Show one tool: its name, what it does, and a line for each parameter."""
    required = tool.schema.get("required", ())
    lines = [tool.name, *(f"  {line.strip()}" for line in tool.description.splitlines())]
    for name, parameter in tool.schema.get("properties", {}).items():
        need = "" if name in required else ", optional"
        meaning = one_line(parameter.get("description", ""))
        lines.append(f"    {name} ({_type(parameter)}{need}): {meaning}".rstrip(": "))
    return "\n".join(line.rstrip() for line in lines)


def _type(parameter: Mapping[str, Any]) -> str:
    if "enum" in parameter:
        return " | ".join(map(str, parameter["enum"]))
    if "anyOf" in parameter:
        return " | ".join(_type(choice) for choice in parameter["anyOf"])
    return str(parameter.get("type", _TYPE_IF_NONE))

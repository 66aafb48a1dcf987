"""The tools that are served, each guarded (``tools.guard``), and the loader of tool lists.

The same registry serves text and voice: its tools are strands tools for ``Agent`` and
``BidiAgent`` alike. Names are unique also when ``-`` and ``_`` count as the same, since strands
refuses an agent with both.
"""

import importlib
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from types import ModuleType
from typing import Any, NamedTuple

from strands.types.tools import AgentTool

from tools.guard import GuardedTool
from tools.threads import ToolThreads

TIMEOUT_SECONDS = 60.0

# What every model service accepts; strands itself would only warn, and hide the tool.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class DuplicateTool(ValueError):
    """Two tools have the same name."""


class WrongTool(ValueError):
    """A tool cannot be served: not a tool, a name no model takes, no description."""


class WrongReference(ValueError):
    """A tool list cannot be loaded from where the setting says; the text names the wrong part."""


class ToolDescription(NamedTuple):
    """What a model is told about a tool; ``schema`` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


class ToolRegistry:
    """Tools by name, in the order they were given."""

    def __init__(
        self, tools: Iterable[AgentTool], timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Guard the tools; one that is guarded already keeps its guard.

        Raises:
            DuplicateTool: two have the same name.
            WrongTool: one cannot be served.
        """
        threads = ToolThreads()
        self._tools: dict[str, AgentTool] = {}
        taken: dict[str, AgentTool] = {}
        for tool in tools:
            _check(tool)
            key = tool.tool_name.replace("-", "_")
            if key in taken:
                raise DuplicateTool(_duplicate(taken[key], tool))
            taken[key] = tool
            self._tools[tool.tool_name] = (
                tool
                if isinstance(tool, GuardedTool)
                else GuardedTool(tool, timeout_seconds, threads)
            )

    def __iter__(self) -> Iterator[AgentTool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def names(self) -> tuple[str, ...]:
        """Return the names of all tools."""
        return tuple(self._tools)

    def specs(self) -> tuple[ToolDescription, ...]:
        """Return what models are told about the tools."""
        return tuple(
            ToolDescription(name, tool.tool_spec["description"], _schema(tool))
            for name, tool in self._tools.items()
        )


def load(reference: str) -> list[AgentTool]:
    """Import tool lists: ``module:attribute``, several separated by commas.

    The attribute is a tool or an iterable of tools.

    Raises:
        WrongReference: a part cannot be loaded; the text says which and why.
    """
    parts = [part.strip() for part in reference.split(",")]
    return [tool for part in parts for tool in _load(part)]


def _load(part: str) -> list[AgentTool]:
    module_name, colon, attribute = part.partition(":")
    if not (module_name and colon and attribute):
        raise WrongReference(f"{part!r} is not of the form module:attribute")
    found: Any = _import(part, module_name)
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise WrongReference(f"{part!r}: {_nothing_called(name, found)}")
        found = getattr(found, name)
    tools = [found] if isinstance(found, AgentTool) else found
    if isinstance(tools, str | bytes) or not isinstance(tools, Iterable):
        raise WrongReference(
            f"{part!r} is {type(found).__name__}, neither a tool nor a list of tools; "
            "is the decorator @tool missing?"
        )
    listed = list(tools)
    for index, tool in enumerate(listed):
        if not isinstance(tool, AgentTool):
            raise WrongReference(f"{part!r}: item {index} of the list is {_not_a_tool(tool)}")
    return listed


def _import(part: str, module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise WrongReference(f"{part!r}: there is no module {missing!r}") from error
        raise WrongReference(f"{part!r}: it needs the module {missing!r}") from error
    except Exception as error:
        # The module is the user's code: whatever it raises, the setting is what cannot be used.
        name = type(error).__name__
        raise WrongReference(f"{part!r} cannot be imported: {name}: {error}") from error


def _nothing_called(name: str, owner: Any) -> str:
    close = get_close_matches(name, dir(owner), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"there is nothing called {name!r}{hint}"


def _check(tool: Any) -> None:
    if not isinstance(tool, AgentTool):
        raise WrongTool(f"Not a tool: {_not_a_tool(tool)}.")
    if not _NAME.fullmatch(tool.tool_name):
        raise WrongTool(
            f"The tool name {tool.tool_name!r} cannot be used: up to 64 letters, digits, - and _."
        )
    if not tool.tool_spec.get("description", "").strip():
        raise WrongTool(f"The tool {tool.tool_name!r} has no description: models choose by it.")


def _not_a_tool(value: Any) -> str:
    name = getattr(value, "__qualname__", None)
    if callable(value) and name:
        return f"{name}, without the decorator @tool"
    return f"of type {type(value).__name__}"


def _duplicate(first: AgentTool, second: AgentTool) -> str:
    return (
        f"Two tools are called {first.tool_name!r}"
        + (f" and {second.tool_name!r}" if second.tool_name != first.tool_name else "")
        + f": {_origin(first)} and {_origin(second)}. Rename one of them."
    )


def _origin(tool: AgentTool) -> str:
    """Say where a tool was defined."""
    inner = tool.tool if isinstance(tool, GuardedTool) else tool
    place = inner if "__qualname__" in vars(inner) else type(inner)
    return f"{place.__module__}.{getattr(place, '__qualname__', inner.tool_name)}"


def _schema(tool: AgentTool) -> dict[str, Any]:
    given: dict[str, Any] = tool.tool_spec["inputSchema"]
    schema: dict[str, Any] = given.get("json", given)
    return schema

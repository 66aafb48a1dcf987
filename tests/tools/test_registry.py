import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from strands import Agent, tool
from strands.types.tools import AgentTool

from tests.scripted import ScriptedModel
from tools.guard import GuardedTool
from tools.registry import (
    DuplicateTool,
    ToolDescription,
    ToolRegistry,
    WrongReference,
    WrongTool,
    load,
)


@tool
def first(number: int) -> str:
    """Be the first.

    Args:
        number: Any number.
    """
    return str(number)


@tool
def second() -> str:
    """Be the second."""
    return "2"


@tool(name="first")
def another() -> str:
    """Be called like the first."""
    return "3"


@tool(name="my-tool")
def dashed() -> str:
    """Have a dash."""
    return ""


@tool(name="my_tool")
def underscored() -> str:
    """Have an underscore."""
    return ""


LISTED: Any = [first, second]
MIXED: Any = [first, len]
TEXT = "first,second"


class Family:
    TOOLS = (second,)


def test_tools_keep_their_order_and_are_guarded() -> None:
    registry = ToolRegistry([second, first])
    assert (registry.names(), len(registry)) == (("second", "first"), 2)
    assert [type(each) for each in registry] == [GuardedTool, GuardedTool]
    assert [each.tool_name for each in registry] == ["second", "first"]


def test_models_are_told_name_description_and_schema() -> None:
    number = {"description": "Any number.", "type": "integer"}
    assert ToolRegistry([first]).specs() == (
        ToolDescription(
            "first",
            "Be the first.",
            {"properties": {"number": number}, "required": ["number"], "type": "object"},
        ),
    )


def test_a_schema_may_be_given_without_a_wrapper() -> None:
    plain: dict[str, Any] = {"type": "object", "properties": {}}

    @tool(inputSchema=plain)
    def bare() -> str:
        """Have a plain schema."""
        return ""

    assert ToolRegistry([bare]).specs()[0].schema == plain


def test_a_name_taken_twice_names_both_tools() -> None:
    with pytest.raises(DuplicateTool) as raised:
        ToolRegistry([first, second, another])
    assert isinstance(raised.value, ValueError)
    assert str(raised.value) == (
        f"Two tools are called 'first': {__name__}.first and {__name__}.another. "
        "Rename one of them."
    )


def test_names_that_differ_by_a_dash_only_are_the_same() -> None:
    with pytest.raises(DuplicateTool) as raised:
        ToolRegistry([*ToolRegistry([dashed]), underscored])
    assert str(raised.value) == (
        f"Two tools are called 'my-tool' and 'my_tool': {__name__}.dashed and "
        f"{__name__}.underscored. Rename one of them."
    )


@pytest.mark.parametrize(
    ("name", "description", "problem"),
    [
        ("a b", "Do it.", "The tool name 'a b' cannot be used"),
        ("a" * 65, "Do it.", "cannot be used"),
        ("", "Do it.", "The tool name '' cannot be used"),
        ("fine", "  ", "The tool 'fine' has no description: models choose by it."),
    ],
)
def test_what_no_model_takes_is_refused(name: str, description: str, problem: str) -> None:
    made = tool(name=name, description=description)(lambda: "")
    with pytest.raises(WrongTool, match=problem):
        ToolRegistry([made])


@pytest.mark.parametrize(
    ("value", "problem"),
    [(len, "len, without the decorator @tool"), (7, "of type int")],
)
def test_what_is_no_tool_is_refused(value: Any, problem: str) -> None:
    with pytest.raises(WrongTool, match=problem):
        ToolRegistry([value])


def test_tools_that_are_guarded_keep_their_guard_and_order() -> None:
    registry = ToolRegistry([first, second])
    assert list(ToolRegistry(registry)) == list(registry)


class Plain(AgentTool):
    """A tool that is not decorated."""

    tool_name = "first"
    tool_type = "plain"
    tool_spec: ClassVar[Any] = {
        "name": "first",
        "description": "Be plain.",
        "inputSchema": {"json": {}},
    }

    def stream(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError


def test_a_tool_that_is_not_decorated_is_named_by_its_class() -> None:
    with pytest.raises(DuplicateTool) as raised:
        ToolRegistry([first, Plain()])
    assert f"{__name__}.first and {__name__}.Plain." in str(raised.value)


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        (f"{__name__}:LISTED", ["first", "second"]),
        (f"{__name__}:first", ["first"]),
        (f" {__name__}:first , {__name__}:Family.TOOLS ", ["first", "second"]),
    ],
)
def test_lists_are_loaded_by_reference(
    reference: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert [each.tool_name for each in load(reference)] == names


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needing_module.py").write_text("import not_installed_anywhere\n")
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('out of order')\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("modules")
@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("", "'' is not of the form module:attribute"),
        ("tools.catalog", "'tools.catalog' is not of the form module:attribute"),
        ("tools.catalog:TOOLS,", "'' is not of the form module:attribute"),
        (":TOOLS", "':TOOLS' is not of the form module:attribute"),
        ("tools.catalog:", "'tools.catalog:' is not of the form module:attribute"),
        ("tools.nothing:TOOLS", "'tools.nothing:TOOLS': there is no module 'tools.nothing'"),
        ("nothing.deep:TOOLS", "'nothing.deep:TOOLS': there is no module 'nothing'"),
        (
            "needing_module:TOOLS",
            "'needing_module:TOOLS': it needs the module 'not_installed_anywhere'",
        ),
        (
            "broken_module:TOOLS",
            "'broken_module:TOOLS' cannot be imported: RuntimeError: out of order",
        ),
        (
            "tools.catalog:TOOL",
            "'tools.catalog:TOOL': there is nothing called 'TOOL'; did you mean 'TOOLS'?",
        ),
        ("tools.catalog:zzz", "'tools.catalog:zzz': there is nothing called 'zzz'"),
        (
            f"{__name__}:TEXT",
            f"'{__name__}:TEXT' is str, neither a tool nor a list of tools; "
            "is the decorator @tool missing?",
        ),
        (
            "tools.calculator:evaluate",
            "'tools.calculator:evaluate' is function, neither a tool nor a list of tools; "
            "is the decorator @tool missing?",
        ),
        (
            f"{__name__}:MIXED",
            f"'{__name__}:MIXED': item 1 of the list is len, without the decorator @tool",
        ),
    ],
)
def test_errors_say_which_part_of_a_reference_is_wrong(reference: str, problem: str) -> None:
    with pytest.raises(WrongReference) as raised:
        load(reference)
    assert str(raised.value) == problem


def test_strands_loads_nothing_from_our_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Our package is called as the folder where strands may look for plug-ins.
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "intruder.py").write_text(
        "from strands import tool\n\n\n@tool\ndef intruder() -> str:\n"
        '    """Come in uninvited."""\n    return ""\n'
    )
    monkeypatch.chdir(tmp_path)
    tools: list[AgentTool] = list(ToolRegistry([first]))
    agent = Agent(model=ScriptedModel(), tools=[*tools], callback_handler=None)
    assert agent.tool_names == ["first"]
    # What the promise rests on: asked to, strands would load it.
    agent.tool_registry.initialize_tools(load_tools_from_directory=True)
    assert agent.tool_names == ["first", "intruder"]

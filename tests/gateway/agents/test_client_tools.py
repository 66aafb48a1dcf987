"""Tools that the client runs."""

import asyncio
from typing import Any

import pytest

from gateway.agents.client_tools import ClientToolProxy, ClientTools
from protocols.contract.errors import InvalidInput, NotFound
from protocols.contract.inputs import ClientTool, Text, ToolResult

PAINT = ClientTool("paint", "Paints the page.")


async def called(tools: ClientTools, call: str = "c") -> dict[str, Any]:
    """Let the model call the only tool; gives its result."""
    [tool] = tools.strands_tools()
    use: Any = {"toolUseId": call, "name": tool.tool_name, "input": {}}
    async with asyncio.timeout(5):
        [event] = [event async for event in tool.stream(use, {})]
    result: dict[str, Any] = event.tool_result
    return result


def test_a_client_tool_is_shown_to_the_model_as_the_client_described_it() -> None:
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}}
    proxy = ClientToolProxy(ClientTool("paint", "Paints the page.", schema))
    assert (proxy.tool_name, proxy.tool_type) == ("paint", "client")
    assert proxy.tool_spec == {
        "name": "paint",
        "description": "Paints the page.",
        "inputSchema": {"json": schema},
    }


def test_a_client_tool_without_description_or_parameters_can_be_shown() -> None:
    spec = ClientToolProxy(ClientTool("paint", "")).tool_spec
    assert spec["description"] == "paint"
    assert spec["inputSchema"] == {"json": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    ("result", "status", "content"),
    [
        (ToolResult("c", (Text("red"),)), "success", [{"text": "red"}]),
        (ToolResult("c", ()), "success", [{"text": ""}]),
        (ToolResult("c", (Text("no paint"),), error=True), "error", [{"text": "no paint"}]),
    ],
)
async def test_a_live_call_gives_the_model_what_the_client_answers(
    result: ToolResult, status: str, content: list[Any]
) -> None:
    tools = ClientTools([PAINT])
    tools.expect("c")
    call = asyncio.create_task(called(tools))
    tools.answer(result)
    assert await call == {"toolUseId": "c", "status": status, "content": content}


async def test_a_result_may_come_before_the_tool_is_run() -> None:
    tools = ClientTools([PAINT])
    tools.expect("c")
    tools.answer(ToolResult("c", (Text("red"),)))
    assert (await called(tools))["content"] == [{"text": "red"}]


async def test_a_client_that_does_not_answer_fails_the_call_and_its_late_result_is_refused() -> (
    None
):
    tools = ClientTools([PAINT], timeout_seconds=0.01)
    tools.expect("c")
    assert await called(tools) == {
        "toolUseId": "c",
        "status": "error",
        "content": [{"text": "The client did not answer in time."}],
    }
    with pytest.raises(NotFound, match=r"too late.*GATEWAY_TOOL_SECONDS"):
        tools.answer(ToolResult("c", ()))


@pytest.mark.parametrize("finish", [False, True])
async def test_a_second_result_is_refused_and_the_first_one_counts(finish: bool) -> None:
    tools = ClientTools([PAINT])
    tools.expect("c")
    tools.answer(ToolResult("c", (Text("red"),)))
    if finish:
        assert (await called(tools))["content"] == [{"text": "red"}]
    with pytest.raises(InvalidInput, match="has its result already"):
        tools.answer(ToolResult("c", (Text("blue"),)))
    if not finish:
        assert (await called(tools))["content"] == [{"text": "red"}]


async def test_a_result_of_a_call_that_was_never_made_is_refused() -> None:
    with pytest.raises(NotFound, match="No tool call of this id"):
        ClientTools([PAINT]).answer(ToolResult("c", ()))


async def test_a_call_of_an_id_that_is_over_fails_at_once() -> None:
    tools = ClientTools([PAINT], timeout_seconds=0.01)
    await called(tools)
    tools.expect("c")
    assert (await called(tools))["status"] == "error"


async def test_calls_long_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.agents.client_tools._MOST_REMEMBERED", 1)
    tools = ClientTools([PAINT], timeout_seconds=0.001)
    await called(tools, "a")
    await called(tools, "b")
    with pytest.raises(NotFound, match="No tool call of this id"):
        tools.answer(ToolResult("a", ()))
    with pytest.raises(NotFound, match="too late"):
        tools.answer(ToolResult("b", ()))


async def test_a_call_that_is_cancelled_waits_for_nothing_more() -> None:
    tools = ClientTools([PAINT])
    tools.expect("c")
    call = asyncio.create_task(called(tools))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    with pytest.raises(NotFound):
        tools.answer(ToolResult("c", ()))

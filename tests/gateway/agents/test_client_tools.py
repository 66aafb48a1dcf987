"""Tools that the client runs."""

from gateway.agents.client_tools import ClientToolProxy
from protocols.contract.inputs import ClientTool


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

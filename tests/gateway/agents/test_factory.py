"""The agents of one turn and of one conversation."""

from typing import Any, cast, override

import pytest
from strands import tool
from strands.bidi.models import BidiModel
from strands.models import Model
from strands.types.content import Messages

from gateway.agents.client_tools import ClientToolProxy
from gateway.agents.factory import AGENT_NAME, AgentFactory
from gateway.models.provider import Models
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import Detail, InvalidInput
from protocols.contract.inputs import ClientTool, InterruptAnswer, LiveOptions, Text, UserTurn
from tests.scripted import Says, ScriptedModel
from tests.scripted_voice import ScriptedVoice

SESSION = SessionKey("caller", "s")
EARLIER: Messages = [{"role": "user", "content": [{"text": "earlier"}]}]


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


class ScriptedModels:
    """Gives models that a test made."""

    text_name, voice_name, voice_takes_images = "text", "voice", True

    def __init__(self, text: Model | None = None, voice: BidiModel | None = None) -> None:
        self.made_text = text or ScriptedModel()
        self.made_voice = voice or ScriptedVoice()
        self.options: list[LiveOptions] = []

    async def text(self) -> Model:
        return self.made_text

    async def voice(self, options: LiveOptions) -> BidiModel:
        self.options.append(options)
        return self.made_voice


def factory(models: ScriptedModels | None = None, prompt: str = "Be brief.") -> AgentFactory:
    return AgentFactory(cast(Models, models or ScriptedModels()), [double], prompt)


def said(*tools: ClientTool, instructions: tuple[str, ...] = ()) -> UserTurn:
    return UserTurn(content=(Text("Hi"),), client_tools=tools, instructions=instructions)


async def test_a_text_agent_has_the_model_the_tools_the_history_and_the_state() -> None:
    models = ScriptedModels()
    state = {"notes": ["milk"]}
    agent = await factory(models).text(SESSION, said(), list(EARLIER), state)
    assert (agent.model, agent.messages) == (models.made_text, EARLIER)
    assert (agent.tool_names, agent.system_prompt) == (["double"], "Be brief.")
    assert (agent.name, agent.agent_id) == (AGENT_NAME, AGENT_NAME)
    assert agent.trace_attributes == {"session.id": "s"}
    agent.state.set("notes", [])
    assert state == {"notes": ["milk"]}


async def test_the_name_of_the_model_is_told_without_making_it() -> None:
    assert factory().text_name == "text"
    assert factory().text_kinds == {"image", "document"}


async def test_a_text_agent_answers_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    model = ScriptedModel([Says(["Hello"])])
    agent = await factory(ScriptedModels(model)).text(SESSION, said(), [], {})
    result = await agent.invoke_async("Hi")
    assert result.message["content"] == [{"text": "Hello"}]
    assert (model.seen[0].system_prompt, model.seen[0].tools) == ("Be brief.", ["double"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("prompt", "more", "instructions"),
    [
        ("Be brief.", ("Use metres.", "No jokes."), "Be brief.\n\nUse metres.\n\nNo jokes."),
        ("Be brief.", ("", " \n"), "Be brief."),
        ("", ("Use metres.",), "Use metres."),
    ],
)
async def test_instructions_of_the_caller_follow_ours(
    prompt: str, more: tuple[str, ...], instructions: str
) -> None:
    made = factory(prompt=prompt)
    agent = await made.text(SESSION, said(instructions=more), [], {})
    voice = await made.live(LiveOptions(instructions=more), [], {})
    assert (agent.system_prompt, voice.agent.system_prompt) == (instructions, instructions)


async def test_tools_of_the_client_stand_beside_ours() -> None:
    paint = ClientTool("paint", "Paint it.", {"type": "object", "properties": {}})
    agent = await factory().text(SESSION, said(paint), [], {})
    assert agent.tool_names == ["double", "paint"]
    assert isinstance(agent.tool_registry.registry["paint"], ClientToolProxy)


@pytest.mark.parametrize("names", [["double"], ["paint", "paint"]])
def test_a_name_that_is_taken_is_refused_with_its_place(names: list[str]) -> None:
    tools = [ClientTool(name, "") for name in names]
    with pytest.raises(InvalidInput) as refused:
        factory().check(said(*tools))
    place = f"$.tools[{len(names) - 1}].name"
    assert refused.value.details == (Detail(place, "is taken"),)
    assert names[-1] in refused.value.message


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("parameters", [5, [], "object", True])
def test_parameters_that_are_no_schema_are_refused_with_their_place(parameters: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        factory().check(said(ClientTool("a"), ClientTool("paint", "", parameters)))
    place = "$.tools[1].parameters"
    assert refused.value.details == (Detail(place, "is no JSON schema of an object"),)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (UserTurn(content=(), state=nested(129)), "$.state"),
        (LiveOptions(state=nested(900)), "$.state"),
        (
            UserTurn(content=(), answers=(InterruptAnswer("q", "resolved", nested(129)),)),
            "$.resume[0].payload",
        ),
        (said(ClientTool("paint", "", {"x": nested(128)})), "$.tools[0].parameters"),
    ],
)
def test_what_is_nested_too_deeply_is_refused(given: UserTurn | LiveOptions, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        factory().check(given)
    assert refused.value.details == (Detail(place, "is nested too deeply"),)


async def test_as_deep_as_may_be_is_taken() -> None:
    state = nested(128)
    factory().check(UserTurn(content=(), state=state))
    agent = await factory().text(SESSION, said(), [], {"shared": state})
    assert agent.state.get("shared") == state


async def test_a_live_agent_is_ready_but_not_connected() -> None:
    voice_model = ScriptedVoice()
    models = ScriptedModels(voice=voice_model)
    options = LiveOptions(voice="anna")
    voice = await factory(models).live(options, list(EARLIER), {"notes": []})
    assert models.options == [options]
    assert (voice.model, voice.takes_images) == ("voice", True)
    assert (voice.input_sample_rate, voice.output_sample_rate) == (16000, 24000)
    assert (voice.agent.model, voice.agent.messages) == (voice_model, EARLIER)
    assert voice.agent.tool_names == ["double"]
    assert voice.agent.state.get() == {"notes": []}
    assert (voice.agent.agent_id, voice_model.started) == (AGENT_NAME, 0)


class Untold(BidiModel):
    """A voice model that does not tell its rates."""

    @override
    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    @override
    def get_config(self) -> Any:
        return {}

    @override
    async def start(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError

    @override
    async def stop(self) -> None:
        raise NotImplementedError

    @override
    def receive(self) -> Any:
        raise NotImplementedError

    @override
    async def send(self, content: Any) -> None:
        raise NotImplementedError


async def test_a_voice_that_does_not_tell_its_rates_has_sixteen_kilohertz() -> None:
    voice = await factory(ScriptedModels(voice=Untold())).live(LiveOptions(), [], {})
    assert (voice.input_sample_rate, voice.output_sample_rate) == (16000, 16000)

"""Makes the strands agents: one per turn, one per live conversation.

An agent is cheap (a quarter of a millisecond); what lives on is the model, the tools and the
session's memory.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, UnsetType
from strands import Agent
from strands.bidi import BidiAgent
from strands.bidi.models import BidiModel
from strands.bidi.models.model import AudioCapable
from strands.models import Model
from strands.types.content import Messages
from strands.types.tools import AgentTool

from gateway.agents.client_tools import ClientToolProxy, ClientTools
from gateway.agents.forgetting import Forgetting
from gateway.models.choice import ModelChoice
from gateway.models.media import kinds_taken
from gateway.models.provider import Models
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import Detail, InvalidInput
from protocols.contract.inputs import Json, LiveOptions, UserTurn
from protocols.contract.media_types import MediaKind

AGENT_NAME = "gateway"
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DEFAULT_SAMPLE_RATE = 16000
_DEEPEST = 128  # lists and objects in each other; who copies and compares them recurses


class Voice(Struct, frozen=True):
    """An agent that is ready to be started, and what its model can do. Rates are in hertz.

    ``text_model`` gives the model for the agents that work for it: its own only speaks.
    """

    agent: BidiAgent
    model: str
    input_sample_rate: int
    output_sample_rate: int
    takes_images: bool
    text_model: Callable[[], Awaitable[Model]] | None = None


class AgentFactory:
    """Makes agents from the models and the tools of this process.

    Args:
        models: the models, made when they are first needed.
        tools: the tools every agent has.
        system_prompt: the instructions every agent has.
    """

    def __init__(self, models: Models, tools: Sequence[AgentTool], system_prompt: str) -> None:
        self._models = models
        self._tools = tuple(tools)
        self._names = {tool.tool_name.replace("-", "_") for tool in tools}
        self._system_prompt = system_prompt

    @property
    def text_name(self) -> str:
        """Name of the text model."""
        return self._models.text_name

    @property
    def voice_name(self) -> str:
        """Name of the voice model."""
        return self._models.voice_name

    @property
    def text_kinds(self) -> frozenset[MediaKind]:
        """The media that the text model can be shown."""
        return kinds_taken(ModelChoice(setting=self._models.text_name))

    async def text(
        self,
        session: SessionKey,
        said: UserTurn,
        messages: Messages,
        state: dict[str, Any],
        client_tools: ClientTools | None = None,
    ) -> Agent:
        """Make the agent of one text turn.

        Args:
            session: whose turn it is.
            said: the question.
            messages: what was said before.
            state: of the session.
            client_tools: those of the question, if the turn waits for their results.
        """
        theirs: list[Any] = [ClientToolProxy(tool) for tool in said.client_tools]
        if client_tools is not None and said.waits_for_tools:
            theirs = [*client_tools.strands_tools()]
        tools = [*self._tools, *theirs]
        return Agent(
            model=await self._models.text(),
            messages=messages,
            tools=tools,
            system_prompt=self._instructions(said.instructions),
            state=dict(state),
            callback_handler=None,
            conversation_manager=Forgetting(),
            name=AGENT_NAME,
            agent_id=AGENT_NAME,
            retry_strategy=None,  # gateway.models.chain does that, and only before the first token
            trace_attributes={"session.id": session.id},
        )

    async def live(
        self,
        options: LiveOptions,
        messages: Messages,
        state: dict[str, Any],
        client_tools: ClientTools | None = None,
    ) -> Voice:
        """Make the agent of one live conversation; its model is not connected yet.

        Args:
            options: what the client chose.
            messages: what was said before.
            state: of the session.
            client_tools: those of the options, as whoever answers for the client knows them.
        """
        model = await self._models.voice(options)
        theirs = client_tools.strands_tools() if client_tools is not None else []
        make = partial(self._bidi_agent, model, messages, state, [*self._tools, *theirs])
        # Constructing an agent reads the tools' schemas; nothing here waits for the network.
        agent = await asyncio.to_thread(make, self._instructions(options.instructions))
        input_rate, output_rate = _sample_rates(model)
        return Voice(
            agent,
            self._models.voice_name,
            input_rate,
            output_rate,
            self._models.voice_takes_images,
            self._models.text,
        )

    def _bidi_agent(
        self,
        model: BidiModel,
        messages: Messages,
        state: dict[str, Any],
        tools: list[Any],
        instructions: str,
    ) -> BidiAgent:
        return BidiAgent(
            model=model,
            messages=messages,
            tools=tools,
            system_prompt=instructions,
            state=dict(state),
            name=AGENT_NAME,
            agent_id=AGENT_NAME,
        )

    def _instructions(self, more: Sequence[str]) -> str:
        return "\n\n".join(text for text in (self._system_prompt, *more) if text.strip())

    def check(self, said: UserTurn | LiveOptions) -> None:
        """Refuse what no model or library could take of a client, before the turn begins.

        Raises:
            InvalidInput: the name of a tool is taken, or none that every model service takes; its
                parameters are no schema; these, the state or an answer are nested too deeply.
        """
        _check_depth(said.state, "$.state")
        for index, answer in enumerate(said.answers if isinstance(said, UserTurn) else ()):
            _check_depth(answer.payload, f"$.resume[{index}].payload")
        taken = set(self._names)
        for index, tool in enumerate(said.client_tools):
            path = f"$.tools[{index}].name"
            if not _TOOL_NAME.fullmatch(tool.name):
                fault = Detail(path, "1 to 64 letters, digits, - and _")
                raise InvalidInput("A tool has a name that models do not take.", [fault])
            key = tool.name.replace("-", "_")  # strands takes both for one
            if key in taken:
                raise InvalidInput(
                    f"A tool named {tool.name!r} exists already.", [Detail(path, "is taken")]
                )
            taken.add(key)
            _check_parameters(tool.parameters, f"$.tools[{index}].parameters")


def _check_parameters(parameters: Json, path: str) -> None:
    if not isinstance(parameters, dict | None):
        fault = Detail(path, "is no JSON schema of an object")
        raise InvalidInput("The parameters of a tool are a JSON schema, or left out.", [fault])
    _check_depth(parameters, path)


def _check_depth(value: Json | UnsetType, path: str) -> None:
    layer = [value]
    for _ in range(_DEEPEST + 1):
        layer = [inner for each in layer for inner in _inside(each)]
        if not layer:
            return
    fault = Detail(path, "is nested too deeply")
    raise InvalidInput(f"At most {_DEEPEST} levels of lists and objects can be taken.", [fault])


def _inside(value: Json | UnsetType) -> Iterable[Json]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _sample_rates(model: BidiModel) -> tuple[int, int]:
    if not isinstance(model, AudioCapable):
        return _DEFAULT_SAMPLE_RATE, _DEFAULT_SAMPLE_RATE
    audio = model.get_audio_config()
    return audio["input"]["sample_rate"], audio["output"]["sample_rate"]

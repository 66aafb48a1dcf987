"""Delegates of every kind, whose agents say what is written here; also served by whole gateways."""

import asyncio
import json
from typing import Any

from strands import Agent, ToolContext, tool
from strands.models import Model
from strands.multiagent import GraphBuilder, Swarm
from strands.multiagent.graph import Graph

from tests.scripted import Call, Says, ScriptedModel
from tools.asking import ask
from tools.delegation import delegate

SECRET = "the password is swordfish"


@tool
def look(where: str) -> str:
    """Look somewhere.

    Args:
        where: to look.
    """
    return f"Nothing in the {where}."


@tool
def fall(where: str) -> str:
    """Fall somewhere.

    Args:
        where: to fall.
    """
    raise RuntimeError(f"{SECRET}, {where}")


def scripted(*turns: Says) -> ScriptedModel:
    return ScriptedModel(list(turns))


def calls(name: str, **arguments: str) -> Call:
    return Call("1", name, [json.dumps(arguments)])


def member(name: str, *turns: Says, **options: Any) -> Agent:
    return Agent(model=scripted(*turns), name=name, **options)


def researcher(model: Model) -> Agent:
    """Thinks, uses two tools of which one fails, and answers."""
    asks = [calls("look", where="cellar"), Call("2", "fall", ['{"where": "well"}'])]
    first = Says(["Let me look."], calls=asks, thinks=["Hm."], signature="proof")
    return member("researcher", first, Says(["It is ", "gone."]), tools=[look, fall])


def panel(model: Model) -> Graph:
    """Two agents at once, and one that has heard both."""
    builder = GraphBuilder()
    for name in ("left", "right"):
        builder.add_node(member(name, Says([f"{name} 1, ", f"{name} 2"])), name)
    builder.add_node(member("judge", Says(["Both ", "are right."])), "judge")
    builder.add_edge("left", "judge")
    builder.add_edge("right", "judge")
    builder.set_execution_timeout(60)
    return builder.build()


def broken_panel(model: Model) -> Graph:
    """One agent talks while the other one fails."""
    builder = GraphBuilder()
    builder.add_node(member("talker", Says(["I ", "talk"], waits_for=asyncio.Event())), "talker")
    builder.add_node(member("failer", Says(["I "], error=RuntimeError(SECRET))), "failer")
    builder.set_execution_timeout(60)
    return builder.build()


def relay(model: Model) -> Swarm:
    """One agent hands over to the other."""
    over = calls("handoff_to_agent", agent_name="second", message="Your turn.")
    first = member("first", Says(["I pass."], calls=[over]), Says(["Passed."]))
    return Swarm([first, member("second", Says(["I answer."]))])


def broken_relay(model: Model) -> Swarm:
    """The only agent fails."""
    return Swarm([member("first", Says(["I "], error=RuntimeError(SECRET)))])


def manager(model: Model) -> Agent:
    """Delegates in turn."""
    turns = [Says(calls=[calls("panel", input="judge it")]), Says(["The panel agrees."])]
    return member("manager", *turns, tools=[delegate("panel", "A panel.", panel)])


def nested_panel(model: Model) -> Graph:
    """A team in a team."""
    builder = GraphBuilder()
    builder.add_node(panel(model), "panel")
    builder.set_execution_timeout(60)
    return builder.build()


def helper(model: Model) -> Agent:
    """Asks the model that it is lent."""
    return Agent(model=model, name="helper", tools=[look], retry_strategy=None)


def helping_team(model: Model) -> Swarm:
    """One helper, as a team."""
    return Swarm([helper(model)])


@tool(context=True)
def confirm(what: str, tool_context: ToolContext) -> str:
    """Ask the user.

    Args:
        what: to confirm.
    """
    return f"The user said {ask(tool_context, f'{what}?')}."


def asker(model: Model) -> Agent:
    """Has a tool that asks the user."""
    return Agent(model=model, name="asker", tools=[confirm], retry_strategy=None)


def endless(model: Model) -> Agent:
    return member("endless", Says(["I begin"], waits_for=asyncio.Event()))


def endless_team(model: Model) -> Swarm:
    return Swarm([member("endless", Says(["I begin"], waits_for=asyncio.Event()))])


def failing(model: Model) -> Agent:
    return member("failing", Says(["I "], error=RuntimeError(SECRET)))


BUILDS = (
    researcher,
    panel,
    broken_panel,
    relay,
    broken_relay,
    manager,
    nested_panel,
    helper,
    helping_team,
    asker,
    endless,
    endless_team,
    failing,
)
TOOLS = [
    delegate(build.__name__, f"Ask the {build.__name__.replace('_', ' ')}.", build)
    for build in BUILDS
]

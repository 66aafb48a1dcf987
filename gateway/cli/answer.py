"""What came of a question said to the agent, and how it is shown; pure."""

from msgspec import Struct

from gateway.cli.listening import Listener, ToolUse
from gateway.cli.printable import one_line, printable

NOTHING = "(nothing)"


class Question(Struct, frozen=True):
    """What is said: PCM, signed 16-bit little-endian, mono."""

    pcm: bytes
    sample_rate: int
    speech_end_seconds: float
    wav: bytes  # the file as it is


class Answer(Struct, frozen=True, kw_only=True):
    """What came back.

    ``latencies`` are seconds by name, in the order of their happening; ``figures`` are the
    gateway's own, by name.
    """

    session_id: str
    model: str = ""
    question: str
    reply: str
    tool_uses: tuple[ToolUse, ...] = ()
    latencies: tuple[tuple[str, float], ...] = ()
    figures: tuple[tuple[str, float | str], ...] = ()
    pcm: bytes = b""
    sample_rate: int = 24_000


def answer_of(listener: Listener, latencies: dict[str, float], pcm: bytes, rate: int) -> Answer:
    """Gather what a listener has heard."""
    return Answer(
        session_id=listener.session_id,
        model=listener.model,
        question=listener.said("user"),
        reply=listener.said("assistant"),
        tool_uses=tuple(listener.tool_uses.values()),
        latencies=tuple(latencies.items()),
        figures=tuple(listener.figures.items()),
        pcm=pcm,
        sample_rate=rate,
    )


def report(answer: Answer) -> str:
    """Show an answer: transcripts, tool calls, latencies."""
    lines = [f"You:   {_paragraph(answer.question)}"]
    lines += [_tool_line(use) for use in answer.tool_uses]
    lines += [f"Agent: {_paragraph(answer.reply)}", ""]
    lines += _table([(name, f"{seconds * 1000:,.0f} ms") for name, seconds in answer.latencies])
    if answer.figures:
        lines += ["", "As the gateway measured it:"]
        lines += _table([(name, _figure(name, value)) for name, value in answer.figures])
    lines += ["", f"Session {one_line(answer.session_id)} {one_line(answer.model)}".rstrip()]
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    return "\n       ".join(printable(text).strip().splitlines()) or NOTHING


def _tool_line(use: ToolUse) -> str:
    return f"Tool:  {one_line(f'{use.name} {use.arguments} {use.answer}')}"


def _figure(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return one_line(value)
    if name.endswith("Percent"):
        return f"{value:,.1f} %"
    return f"{value:,.0f} ms" if name.endswith("Ms") else f"{value:,.0f}"


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {one_line(name):<{width}}  {value:>10}" for name, value in rows]

"""Ask the user before a tool goes on: an approval, a choice, a missing value.

The turn ends where the tool asks, and goes on when the answer comes with a later one, perhaps much
later, perhaps in another process. The tool then runs again from its beginning, so whatever must
happen once belongs after the question.
"""

from typing import Any

from strands import ToolContext
from strands.bidi import BidiAgent

CONFIRMATION = "confirmation"

_IN_WRITING = (
    "This needs an answer in writing, which a spoken conversation cannot take. "
    "Ask the user to do it in the chat."
)


def ask(
    context: ToolContext,
    message: str,
    *,
    reason: str = CONFIRMATION,
    schema: dict[str, Any] | None = None,
) -> Any:
    """Ask the user something and return the answer.

    A user who declines ends the call there: the tool does not come back from this, and the model
    is told.

    Args:
        context: the tool's context, of a tool made with ``@tool(context=True)``.
        message: what the user reads.
        reason: the kind of question, for clients that show kinds differently. A tool that asks
            more than once in one call names a reason for each.
        schema: JSON schema of the answer, for clients that make a form of it. Clients may send
            anything: check what comes back.

    Returns:
        The answer as JSON value; True from a user who agreed without saying more.

    Raises:
        ValueError: the conversation is spoken.
    """
    if isinstance(context.agent, BidiAgent):
        raise ValueError(_IN_WRITING)
    question: dict[str, Any] = {"message": message}
    if schema is not None:
        question["responseSchema"] = schema
    return context.interrupt(reason, reason=question)

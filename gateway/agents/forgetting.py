"""What an agent forgets when its model cannot read all of the conversation."""

from typing import Any, override

from strands import Agent
from strands.agent.conversation_manager import SlidingWindowConversationManager

_NO_LIMIT = 1_000_000
_LEAST = 2


class Forgetting(SlidingWindowConversationManager):
    """Forgets the oldest third of the messages, as often as the model asks for it.

    Only a model that cannot read more makes it forget, never the number of messages. strands would
    forget two messages at a time, and ask the model each time whether that is enough.
    """

    def __init__(self) -> None:
        super().__init__(window_size=_NO_LIMIT)

    @override
    def reduce_context(self, agent: Agent, e: Exception | None = None, **kwargs: Any) -> None:
        """Shorten the results of tools, then forget; see strands' class.

        Raises:
            ContextWindowOverflowException: nothing is left that can be forgotten.
        """
        self.window_size = max(_LEAST, len(agent.messages) * 2 // 3)
        try:
            super().reduce_context(agent, e, **kwargs)
        finally:
            self.window_size = _NO_LIMIT

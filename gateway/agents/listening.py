"""Hears a model where it speaks.

strands hands every chunk of a model, and an event that repeats it with the agent and all messages,
through eight generators up to ``stream_async``. Taken at the stage of the model's call and not
handed on, a piece of an answer costs about half (`make bench`).
"""

from collections.abc import AsyncGenerator, Awaitable, Callable

from strands.middleware import InvokeModelContext, MiddlewareHandler, MiddlewareNext, TypedEvent

type ModelHandler = MiddlewareHandler[InvokeModelContext, TypedEvent]
type Tell = Callable[[TypedEvent], Awaitable[None]]


def listening(tell: Tell) -> ModelHandler:
    """Make the middleware of ``InvokeModelStage`` that tells of each chunk, in order.

    What strands needs to go on passes: everything but the pieces of an answer, which it has put
    together by then.
    """

    async def listen(
        context: InvokeModelContext, call_model: MiddlewareNext[InvokeModelContext, TypedEvent]
    ) -> AsyncGenerator[TypedEvent]:
        async for event in call_model(context):
            if "event" in event:
                await tell(event)
                if "contentBlockDelta" not in event["event"]:
                    yield event
            elif "delta" not in event:
                yield event

    return listen

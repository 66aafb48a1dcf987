"""Several models answer as one: retries, failover and renewal, and only before the first token."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

from gateway.models import chain as chain_module
from gateway.models.breaker import CircuitBreaker
from gateway.models.candidate import Candidate
from gateway.models.chain import ModelChain
from gateway.models.choice import ModelChoice
from gateway.settings import ModelOptions
from protocols.contract.errors import ModelFailed, TimedOut
from tests.gateway.models.streams import NEVER, STARTED, PlayedModel, says, told, word

BUSY = ModelThrottledException("busy")
EXPIRED = ClientError({"Error": {"Code": "ExpiredTokenException"}}, "ConverseStream")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "ConverseStream")
USER: Any = {"role": "user", "content": [{"text": "Hi"}]}


class Time:
    """A clock that the pauses of the chain move on; nobody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    async def pause(self, seconds: float, _: object) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(ModelChain, "_pause", lambda _, *arguments: time.pause(*arguments))
    monkeypatch.setattr(chain_module, "_chance", lambda: 0.5)
    return time


def candidate(time: Time, *models: PlayedModel | Exception, name: str = "bedrock/x") -> Candidate:
    """A model; made anew it is the next one."""
    waiting = list(models)

    def make(_: ModelChoice) -> PlayedModel:
        made = waiting.pop(0)
        if isinstance(made, Exception):
            raise made
        return made

    return Candidate(ModelChoice(setting=name), make, CircuitBreaker(time.clock))


def chain(time: Time, *candidates: Candidate, **options: Any) -> ModelChain:
    return ModelChain(candidates, ModelOptions(**options), time.clock)


async def ask(model: ModelChain, messages: Sequence[Any] = (USER,), **options: Any) -> str:
    async with asyncio.timeout(10):
        return told([chunk async for chunk in model.stream([*messages], **options)])


async def test_a_model_that_is_busy_is_asked_three_times_in_all(time: Time) -> None:
    model = PlayedModel([[BUSY], [STARTED, BUSY], says("Hello")])
    assert await ask(chain(time, candidate(time, model))) == "Hello"
    assert (len(model.asked), model.closed, time.pauses) == (3, 3, [0.75, 1.5])


async def test_then_its_error_is_told(time: Time) -> None:
    model = PlayedModel([[BUSY], [BUSY], [BUSY]])
    with pytest.raises(ModelThrottledException):
        await ask(chain(time, candidate(time, model)))
    assert model.answers == []


async def test_nothing_is_asked_again_once_a_token_was_told(time: Time) -> None:
    model = PlayedModel([[STARTED, word("One"), BUSY], says("One two")])
    chunks = []
    with pytest.raises(ModelThrottledException):
        async for chunk in chain(time, candidate(time, model)).stream([USER]):
            chunks.append(chunk)  # noqa: PERF401 - those before an error count
    assert (chunks, len(model.asked)) == ([STARTED, word("One")], 1)


async def test_an_answer_that_ends_before_its_first_token_is_asked_for_again(time: Time) -> None:
    model = PlayedModel([[STARTED], says("Hello")])
    assert await ask(chain(time, candidate(time, model))) == "Hello"


async def test_no_attempt_begins_later_than_six_seconds(time: Time) -> None:
    def late(_: ModelChoice) -> PlayedModel:
        time.now += 5.5
        raise BUSY

    slow = Candidate(ModelChoice(setting="bedrock"), late, CircuitBreaker(time.clock))
    with pytest.raises(ModelThrottledException):
        await ask(chain(time, slow))
    assert time.pauses == []


@pytest.mark.parametrize("error", [DENIED, ValueError("a fault of a library")])
async def test_what_will_not_get_better_is_not_asked_again(time: Time, error: Exception) -> None:
    model = PlayedModel([[error]])
    with pytest.raises(type(error)):
        await ask(chain(time, candidate(time, model)))
    assert (len(model.asked), time.pauses) == (1, [])


@pytest.mark.parametrize(
    "first", [[BUSY], [DENIED], [STARTED], [TimeoutError()], [ValueError()]], ids=str
)
async def test_the_next_model_answers_at_once_for_one_that_is_down(
    time: Time, first: list[Any]
) -> None:
    down, up = PlayedModel([first]), PlayedModel([says("Hello")])
    models = candidate(time, down), candidate(time, up, name="openai")
    assert await ask(chain(time, *models)) == "Hello"
    assert (len(down.asked), len(up.asked), time.pauses) == (1, 1, [])


async def test_a_model_that_cannot_be_made_is_down(time: Time) -> None:
    models = candidate(time, NoCredentialsError()), candidate(time, PlayedModel([says("Hello")]))
    assert await ask(chain(time, *models)) == "Hello"


async def test_a_model_that_never_begins_is_down(time: Time) -> None:
    models = (
        candidate(time, PlayedModel([[STARTED, NEVER]])),
        candidate(time, PlayedModel([says("Hello")])),
    )
    assert await ask(chain(time, *models, first_token_seconds=0.05)) == "Hello"


async def test_only_models_that_may_get_better_are_asked_in_the_second_round(time: Time) -> None:
    denied = PlayedModel([[DENIED]])
    busy = PlayedModel([[BUSY], says("Hello")])
    assert await ask(chain(time, candidate(time, denied), candidate(time, busy))) == "Hello"
    assert (len(denied.asked), len(busy.asked)) == (1, 2)


@pytest.mark.parametrize("error", [ContextWindowOverflowException("long")], ids=str)
async def test_a_request_that_is_at_fault_is_nobody_elses(time: Time, error: Exception) -> None:
    other = PlayedModel([says("Hello")])
    models = candidate(time, PlayedModel([[error]])), candidate(time, other)
    with pytest.raises(type(error)):
        await ask(chain(time, *models))
    assert other.asked == []


async def test_a_model_that_keeps_failing_is_left_alone_for_a_while(time: Time) -> None:
    down = PlayedModel([[BUSY], [BUSY], [BUSY], says("Back")])
    up = PlayedModel([says("Here")] * 10)
    both = chain(time, candidate(time, down), candidate(time, up))
    assert [await ask(both) for _ in range(5)] == ["Here"] * 5
    assert len(down.asked) == 3
    time.now += 30
    assert await ask(both) == "Back"
    down.answers.append(says("Again"))
    assert await ask(both) == "Again"


async def test_expired_credentials_are_looked_up_anew_once(time: Time) -> None:
    old, new = PlayedModel([[EXPIRED]]), PlayedModel([says("Hello"), says("Again")])
    model = chain(time, candidate(time, old, new))
    assert [await ask(model), await ask(model)] == ["Hello", "Again"]
    still = chain(time, candidate(time, *(PlayedModel([[EXPIRED]]) for _ in range(2))))
    with pytest.raises(ClientError):
        await ask(still)


async def test_a_model_renewed_by_another_request_is_not_made_a_third_time(time: Time) -> None:
    old, new = PlayedModel([[EXPIRED], [EXPIRED]]), PlayedModel([says("One"), says("Two")])
    model = chain(time, candidate(time, old, new))
    async with asyncio.timeout(10):
        said = await asyncio.gather(ask(model), ask(model))
    assert sorted(said) == ["One", "Two"]


async def test_each_model_is_shown_what_it_takes(time: Time) -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"x"}}}
    document = {"document": {"name": "a", "format": "pdf", "source": {"bytes": b"x"}}}
    first, second = PlayedModel([[BUSY]]), PlayedModel([says("Hello")])
    message = {"role": "user", "content": [image, document]}
    models = candidate(time, first), candidate(time, second, name="ollama/x")
    await ask(chain(time, *models), [message])
    words = {"text": "[an attached document that this model cannot be shown]"}
    assert first.asked == [[message]]
    assert second.asked == [[{"role": "user", "content": [image, words]}]]


async def test_no_model_is_shown_what_another_provider_has_signed(time: Time) -> None:
    def thought(signature: str) -> Any:
        return {"reasoningContent": {"reasoningText": {"text": "hm", "signature": signature}}}

    def signs(signature: str) -> Any:
        return {"contentBlockDelta": {"delta": {"reasoningContent": {"signature": signature}}}}

    first = PlayedModel([[DENIED], [STARTED, signs("a"), *says("Hi")[2:]]])
    second = PlayedModel([[STARTED, signs("b"), *says("Hi")[2:]]])
    models = chain(time, candidate(time, first), candidate(time, second, name="gemini/y"))
    said: Any = {"role": "assistant", "content": [thought("a"), thought("b|of:gemini")]}
    chunks: list[Any] = [chunk async for chunk in models.stream([said])]
    assert second.asked[0][0]["content"] == [thought("b")]
    assert [each for each in chunks if "contentBlockDelta" in each] == [
        signs("b"),
        signs("|of:gemini"),
    ]
    chunks = [chunk async for chunk in models.stream([said])]
    assert first.asked[-1][0]["content"] == [thought("a")]
    assert [each for each in chunks if "contentBlockDelta" in each] == [signs("a")]


async def test_cancelling_ends_the_first_wait_without_another_model(time: Time) -> None:
    cancelled = threading.Event()
    asyncio.get_running_loop().call_later(0.02, cancelled.set)
    silent, other = PlayedModel([[STARTED, NEVER]]), PlayedModel([])
    both = chain(time, candidate(time, silent), candidate(time, other))
    assert await ask(both, cancel_signal=cancelled) == ""
    assert (silent.closed, other.asked) == (1, [])


async def test_cancelling_ends_a_pause() -> None:
    time = Time()
    cancelled = threading.Event()
    model = PlayedModel([[BUSY], says("too late")])
    made = ModelChain([candidate(time, model)], ModelOptions())
    asyncio.get_running_loop().call_later(0.05, cancelled.set)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await ask(made, cancel_signal=cancelled) == ""
    assert loop.time() - began < 0.45  # the shortest pause is half a second
    assert len(model.asked) == 1


async def test_a_pause_is_waited_out() -> None:
    model = PlayedModel([[BUSY], says("Hello")])
    made = ModelChain([candidate(Time(), model)], ModelOptions())
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await ask(made) == "Hello"
    assert loop.time() - began >= 0.5


async def test_who_leaves_closes_the_models_stream(time: Time) -> None:
    model = PlayedModel([says("One", " two")])
    stream = chain(time, candidate(time, model)).stream([USER])
    await anext(stream)
    await stream.aclose()
    assert model.closed == 1


async def test_a_failure_is_logged_without_its_text(
    time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await ask(chain(time, candidate(time, PlayedModel([[BUSY], says("Hello")]))))
    assert caplog.messages == ["bedrock/x did not answer: ModelThrottledException (ModelThrottled)"]


async def test_it_is_named_as_its_first_model(time: Time) -> None:
    model = chain(time, candidate(time, PlayedModel([says("Hello")], name="real")))
    assert model.config == {"model_id": "x"}
    await ask(model)
    assert model.config == {"model_id": "real"}
    assert chain(time, candidate(time, name="offline")).config == {"model_id": "offline"}


def test_it_does_no_more_than_answer(time: Time) -> None:
    model = chain(time, candidate(time))
    with pytest.raises(NotImplementedError):
        model.update_config()
    with pytest.raises(NotImplementedError):
        model.structured_output()


async def test_errors_of_the_stages_are_told_at_the_end(time: Time) -> None:
    silent = chain(time, candidate(time, *[PlayedModel([[STARTED]] * 3)]), first_token_seconds=0.05)
    with pytest.raises(ModelFailed):
        await ask(silent)
    late = chain(time, candidate(time, PlayedModel([[NEVER]] * 3)), first_token_seconds=0.02)
    with pytest.raises(TimedOut):
        await ask(late)

"""A model that fails is left alone for a while."""

from gateway.models.breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock, failures=3, pause_seconds=30)
    for _ in range(3):
        breaker.asked()
        breaker.failed()
    return breaker


def test_a_few_failures_do_not_open_it_and_a_success_forgets_them() -> None:
    breaker = CircuitBreaker(Clock(), failures=3, pause_seconds=30)
    for failures in (2, 2):
        for _ in range(failures):
            breaker.failed()
        assert not breaker.open
        breaker.succeeded()


def test_several_failures_in_a_row_open_it_for_a_pause() -> None:
    clock = Clock()
    breaker = broken(clock)
    assert breaker.open
    clock.now += 29.9
    assert breaker.open
    clock.now += 0.1
    assert not breaker.open


def test_after_the_pause_one_request_tries_and_the_others_go_elsewhere() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 30
    breaker.asked()
    assert breaker.open
    clock.now += 30  # nobody said how that went
    assert not breaker.open


def test_what_the_trying_request_met_decides() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 30
    breaker.asked()
    breaker.failed()
    clock.now += 29
    assert breaker.open
    clock.now += 30
    breaker.asked()
    breaker.succeeded()
    breaker.failed()  # the count begins anew
    assert not breaker.open

"""Busy or idle, and when that last changed."""

from itertools import count

from gateway.activity import Activity


def test_the_status_follows_what_runs_and_the_time_only_changes_with_it() -> None:
    ticks = count(100)
    activity = Activity(lambda: float(next(ticks)))
    assert (activity.status, activity.changed) == ("Healthy", 100)
    with activity.hold():
        assert (activity.status, activity.changed) == ("HealthyBusy", 101)
        with activity.hold():
            assert (activity.status, activity.changed) == ("HealthyBusy", 101)
        assert (activity.status, activity.changed) == ("HealthyBusy", 101)
    assert (activity.status, activity.changed) == ("Healthy", 102)


def test_a_failure_frees_what_it_held() -> None:
    activity = Activity(lambda: 0.0)
    try:
        with activity.hold():
            raise ValueError
    except ValueError:
        pass
    assert activity.status == "Healthy"

"""Health and routing of the container contract."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conformance.deployment import Deployment


@pytest.mark.promise("H01")
def test_ping_is_healthy(deployment: Deployment) -> None:
    response = deployment.http.get("/ping")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json()["status"] == "Healthy"


@pytest.mark.promise("H02")
def test_the_stamp_is_whole_and_past(deployment: Deployment) -> None:
    stamp = deployment.ping()["time_of_last_update"]
    assert type(stamp) is int
    assert 0 < stamp <= time.time() + 1


@pytest.mark.promise("H03")
def test_the_stamp_stands_still_while_idle(deployment: Deployment) -> None:
    before = deployment.ping()
    time.sleep(2)  # the platform polls as often; a stamp of now would differ by whole seconds
    assert deployment.ping() == before


@pytest.mark.promise("H09")
def test_ping_cannot_be_posted(deployment: Deployment) -> None:
    assert deployment.http.post("/ping").status_code == 405


@pytest.mark.promise("H10")
def test_invocations_cannot_be_fetched(deployment: Deployment) -> None:
    assert deployment.http.get("/invocations").status_code == 405


@pytest.mark.promise("H11")
def test_an_unknown_path_is_not_found(deployment: Deployment) -> None:
    assert deployment.http.get("/conformance/unknown").status_code == 404


@pytest.mark.promise("H15")
def test_two_hundred_pings_at_once(deployment: Deployment) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: deployment.http.get("/ping").status_code, range(200)))
    assert answers == [200] * 200

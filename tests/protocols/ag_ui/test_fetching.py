"""Opening addresses: against a real server, with an internet that the test made up."""

import asyncio
import gzip
import socket
import ssl
from pathlib import Path

import pytest

from protocols.ag_ui.fetching import Budget, Fetched, Fetcher, resolved
from protocols.ag_ui.media import Fault, Unopened
from protocols.contract.media_types import MediaKind
from tests.emulators.certificates import make_certificates
from tests.protocols.ag_ui.web import PUBLIC, PUBLIC_6, Page, Web, answer, redirect

PNG = b"\x89PNG\r\n\x1a\nrest"
IMAGE = answer(PNG, "image/png")
NAMES = {"site.example": [[PUBLIC]], "other.example": [[PUBLIC]]}
WAIT_SECONDS = 5


def web(pages: dict[str, Page] | None = None, **names: list[list[str]]) -> Web:
    table = NAMES | {name.replace("_", "."): answers for name, answers in names.items()}
    return Web({"/a.png": IMAGE} | (pages or {}), table)


async def fetch(
    fetcher: Fetcher,
    url: str = "http://site.example/a.png",
    *,
    kind: MediaKind = "image",
    stated: str = "",
    seconds: float = WAIT_SECONDS,
    budget: Budget | None = None,
) -> Fetched:
    deadline = asyncio.get_running_loop().time() + seconds
    async with asyncio.timeout(2 * WAIT_SECONDS):
        return await fetcher.fetch(url, kind, stated, budget or Budget(10_000, deadline))


async def refused(site: Web, url: str = "http://site.example/a.png") -> Fault:
    with pytest.raises(Unopened) as refusal:
        await fetch(site.fetcher(), url)
    return refusal.value.fault


async def test_a_public_address_is_opened_and_told_nothing_about_who_asks() -> None:
    async with web().served() as site:
        assert await fetch(site.fetcher()) == Fetched("image/png", PNG)
    assert site.lookups == [("site.example", 80)]
    assert site.connected == [PUBLIC]
    assert sorted(site.requests[0].strip().split("\r\n")) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "GET /a.png HTTP/1.1",
        "Host: site.example",
        "User-Agent: agent-gateway",
    ]


async def test_what_the_client_said_counts_where_the_server_says_nothing() -> None:
    pages: dict[str, Page] = {"/s3": answer(PNG, "binary/octet-stream")}
    async with web(pages).served() as site:
        fetched = await fetch(site.fetcher(), "http://site.example/s3", stated="image/png")
    assert fetched == Fetched("image/png", PNG)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.5"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::a9fe:a9fe"],
        ["2002:a9fe:a9fe::"],
        [PUBLIC, "127.0.0.1"],
        ["192.168.0.1", PUBLIC],
    ],
)
async def test_a_name_of_any_private_address_is_not_connected_to(addresses: list[str]) -> None:
    async with web(inside_example=[addresses]).served() as site:
        assert await refused(site, "http://inside.example/a.png") == "private"
    assert site.connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]"])
async def test_numbers_in_any_form_are_checked_by_what_the_system_makes_of_them(host: str) -> None:
    site = web()
    fetcher = Fetcher(max_bytes=10, connect=site.connect)  # the true lookup, which needs no network
    with pytest.raises(Unopened) as refusal:
        await fetch(fetcher, f"http://{host}/a.png")
    assert refusal.value.fault == "private"
    assert site.connected == []


async def test_a_name_that_changes_after_the_check_is_connected_to_as_it_was_checked() -> None:
    async with web(rebinding_example=[[PUBLIC], ["127.0.0.1"]]).served() as site:
        fetched = await fetch(site.fetcher(), "http://rebinding.example/a.png")
    assert fetched == Fetched("image/png", PNG)
    assert (site.connected, len(site.lookups)) == ([PUBLIC], 1)


async def test_a_name_that_changes_between_two_redirects_is_checked_again() -> None:
    pages: dict[str, Page] = {"/r": redirect("/a.png")}
    async with web(pages, rebinding_example=[[PUBLIC], ["127.0.0.1"]]).served() as site:
        assert await refused(site, "http://rebinding.example/r") == "private"
    assert site.connected == [PUBLIC]


async def test_redirects_are_followed_without_the_cookies_they_set() -> None:
    pages: dict[str, Page] = {
        "/1": redirect("/2", "301 Moved Permanently"),
        "/2": redirect("http://other.example/3", "307 Temporary Redirect"),
        "/3": redirect("//site.example/a.png", "308 Permanent Redirect"),
    }
    async with web(pages).served() as site:
        assert await fetch(site.fetcher(), "http://site.example/1") == Fetched("image/png", PNG)
    assert [host for host, _ in site.lookups] == [
        "site.example",
        "site.example",
        "other.example",
        "site.example",
    ]
    assert not any("ookie" in request or "eferer" in request for request in site.requests)


async def test_a_fourth_redirect_is_not_followed() -> None:
    pages: dict[str, Page] = {f"/{step}": redirect(f"/{step + 1}") for step in range(4)}
    async with web({**pages, "/4": IMAGE}).served() as site:
        assert await refused(site, "http://site.example/0") == "answer"
    assert len(site.requests) == 4


@pytest.mark.parametrize(
    ("location", "fault"),
    [
        ("http://127.0.0.1/", "private"),
        ("http://inside.example/", "private"),
        ("http://[::ffff:127.0.0.1]/", "private"),
        ("http://site.example:6379/", "address"),
        ("http://user:secret@site.example/a.png", "address"),
        ("file:///etc/passwd", "address"),
        ("http://[", "address"),
    ],
)
async def test_a_redirect_gets_no_further_than_the_address_itself(
    location: str, fault: str
) -> None:
    pages: dict[str, Page] = {"/r": redirect(location)}
    numbers = {number: [[number]] for number in ("127.0.0.1", "::ffff:127.0.0.1")}
    async with web(pages, inside_example=[["10.0.0.1"]], **numbers).served() as site:
        site.names |= numbers
        assert await refused(site, "http://site.example/r") == fault
    assert len(site.requests) == 1


async def test_the_next_address_is_tried_when_one_is_dead() -> None:
    async with web(two_example=[[PUBLIC_6, PUBLIC]], dead_example=[[PUBLIC_6]]).served() as site:
        site.dead = {PUBLIC_6}
        assert (await fetch(site.fetcher(), "http://two.example/a.png")).data == PNG
        assert site.connected == [PUBLIC_6, PUBLIC]
        assert await refused(site, "http://dead.example/a.png") == "unreachable"


async def test_a_name_that_nobody_knows_is_not_reached() -> None:
    assert await refused(web(), "http://nowhere.example/a.png") == "unreachable"
    assert await refused(web(empty_example=[[]]), "http://empty.example/") == "unreachable"


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (answer(PNG, "image/png", "404 Not Found"), "answer"),
        (answer(PNG, "image/png", "206 Partial Content"), "answer"),
        (answer(b"", "", "304 Not Modified"), "answer"),
        (redirect(""), "answer"),  # to itself, over and over
        (answer(b"<html>", "text/html"), "type"),
        (answer(b"{}", "application/json"), "type"),
        (answer(gzip.compress(bytes(10**7)), "image/png", Content_Encoding="gzip"), "answer"),
        (answer(b"", "image/png", Content_Length="1001"), "size"),
        (answer(PNG + bytes(1001), "image/png", Content_Length="x"), "unreachable"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + PNG + bytes(1001), "size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "unreachable"),
        (b"220 mail.example ESMTP\r\n", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "unreachable"),
        (b"", "unreachable"),
    ],
)
async def test_answers_that_are_no_attachment_are_refused(page: bytes, fault: str) -> None:
    async with web({"/p": page}).served() as site:
        assert await refused(site, "http://site.example/p") == fault
        async with asyncio.timeout(WAIT_SECONDS):
            await site.closed.wait()


async def test_a_body_without_an_end_is_cut_at_the_size() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + PNG)
        while True:
            writer.write(bytes(10_000))
            await writer.drain()

    async with web({"/p": endless}).served() as site:
        assert await refused(site, "http://site.example/p") == "size"
        async with asyncio.timeout(WAIT_SECONDS):
            await site.closed.wait()  # the connection was given up, not read on


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n\x89PNG"])
async def test_a_server_that_takes_its_time_is_not_waited_for(start: bytes) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        await asyncio.Event().wait()

    budget_bytes = 10
    async with web({"/p": slow}).served() as site:
        budget = Budget(budget_bytes, asyncio.get_running_loop().time() + 0.2)
        with pytest.raises(Unopened) as refusal:
            await fetch(site.fetcher(), "http://site.example/p", budget=budget)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
    assert refusal.value.fault == "slow"
    budget.spend(budget_bytes)  # what had come was given back


async def test_a_name_server_that_takes_its_time_is_not_waited_for() -> None:
    asked = asyncio.Event()
    answered = asyncio.Event()

    async def slow(host: str, port: int) -> list[str]:
        asked.set()
        await answered.wait()
        raise OSError("too late for anybody")

    fetcher = Fetcher(max_bytes=10, resolve=slow)
    with pytest.raises(Unopened) as refusal:
        await fetch(fetcher, seconds=0.05)
    assert refusal.value.fault == "slow"
    assert asked.is_set()
    answered.set()  # an error that nobody asks for is no warning


async def test_lookups_that_were_given_up_still_count_until_they_end() -> None:
    lookups: list[str] = []
    never = asyncio.Event()

    async def stuck(host: str, port: int) -> list[str]:
        lookups.append(host)
        await never.wait()
        return []

    fetcher = Fetcher(max_bytes=10, resolve=stuck)
    for _ in range(5):
        with pytest.raises(Unopened):
            await fetch(fetcher, seconds=0.02)
    assert len(lookups) == 3
    never.set()


async def test_the_bytes_of_a_run_are_counted_over_all_its_addresses() -> None:
    budget = Budget(2 * len(PNG), asyncio.get_running_loop().time() + WAIT_SECONDS)
    async with web().served() as site:
        fetcher = site.fetcher()
        for _ in range(2):
            await fetch(fetcher, budget=budget)
        with pytest.raises(Unopened) as refusal:
            await fetch(fetcher, budget=budget)
        assert refusal.value.fault == "budget"
        budget.refund(len(PNG))
        assert (await fetch(fetcher, budget=budget)).data == PNG


async def test_what_is_refused_does_not_count() -> None:
    budget = Budget(1500, asyncio.get_running_loop().time() + WAIT_SECONDS)
    pages: dict[str, Page] = {"/p": b"HTTP/1.1 200 OK\r\n\r\n" + PNG + bytes(1000)}
    async with web(pages).served() as site:
        for _ in range(3):
            with pytest.raises(Unopened) as refusal:
                await fetch(site.fetcher(), "http://site.example/p", budget=budget)
            assert refusal.value.fault == "size"


class Secure:
    """An internet with TLS: one certificate, for site.example."""

    def __init__(self, folder: Path) -> None:
        self.certificates = make_certificates(folder, "site.example")
        self.trust = ssl.create_default_context(cafile=self.certificates.authority)


async def test_a_certificate_is_checked_by_the_name_and_not_by_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = Secure(tmp_path)
    monkeypatch.setattr("protocols.ag_ui.fetching._trust", lambda: secure.trust)
    server = secure.certificates.server_context("http/1.1")
    seen: list[str | None] = []
    server.sni_callback = lambda _, name, __: seen.append(name)
    async with web().served(server) as site:
        fetched = await fetch(site.fetcher(), "https://site.example/a.png")
        assert fetched == Fetched("image/png", PNG)
        assert await refused(site, "https://other.example/a.png") == "unreachable"
    assert seen == ["site.example", "other.example"]
    assert site.lookups == [("site.example", 443), ("other.example", 443)]
    assert "Host: site.example\r\n" in site.requests[0]


async def test_a_certificate_of_nobody_we_trust_is_refused(tmp_path: Path) -> None:
    server = Secure(tmp_path).certificates.server_context("http/1.1")
    async with web().served(server) as site:
        assert await refused(site, "https://site.example/a.png") == "unreachable"
    assert site.requests == []


async def test_the_proxy_and_the_credentials_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine site.example login us password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with web().served() as site:
        assert (await fetch(site.fetcher())).data == PNG
    assert "uthorization" not in site.requests[0]


async def test_the_system_is_asked_outside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def lookup(host: str, port: int, **options: int) -> list[object]:
        asked.append((host, port, options))
        place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, port))
        return [place, place, (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (PUBLIC_6, port, 0, 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    assert await resolved("site.example", 443) == [PUBLIC, PUBLIC_6]
    options = {"type": socket.SOCK_STREAM, "flags": socket.AI_ADDRCONFIG}
    assert asked == [("site.example", 443, options)]


async def test_a_cancelled_fetch_stays_cancelled() -> None:
    never = asyncio.Event()

    async def stuck(host: str, port: int) -> list[str]:
        await never.wait()
        return []

    fetching = asyncio.create_task(fetch(Fetcher(max_bytes=10, resolve=stuck)))
    await asyncio.sleep(0)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    never.set()

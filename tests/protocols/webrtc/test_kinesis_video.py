"""boto3 as it is, against the emulated signaling channels."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from protocols.contract.errors import GatewayError, NotConfigured, TimedOut, Unavailable
from protocols.webrtc import kinesis_video
from protocols.webrtc.ice_servers import IceDirectory
from protocols.webrtc.kinesis_video import Lease, SignalingChannel
from protocols.webrtc.options import IceServer, KvsChannel
from tests.emulators.emulator import AwsEmulator, clean
from tests.emulators.kinesis_video import LIMIT_EXCEEDED, TurnServers
from tests.emulators.scripting import Refusal

COLD = [
    "describeSignalingChannel",
    "getSignalingChannelEndpoint",
    "get-ice-server-config",
]
MADE = ["describeSignalingChannel", "createSignalingChannel", *COLD]
URIS = (
    "turn:127.0.0.1:3478?transport=udp",
    "turns:127.0.0.1:5349?transport=udp",
    "turns:127.0.0.1:5349?transport=tcp",
    "turn:[::1]:3478",
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEmulator]:
    with AwsEmulator() as emulator:
        for name in set(os.environ) - set(clean(os.environ)):
            monkeypatch.delenv(name)
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        emulator.kinesis_video.turn = TurnServers(URIS, secret="S", life_seconds=300)
        yield emulator


@pytest.fixture
async def channel(aws: AwsEmulator) -> AsyncIterator[SignalingChannel]:
    made = SignalingChannel("voices")
    yield made
    made.close()
    made.close()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinesis_video, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(kinesis_video, "_LOOK_AGAIN_SECONDS", 0.001)


def operations(aws: AwsEmulator) -> list[str]:
    return [request.operation for request in aws.kinesis_video.requests.all()]


def checked(lease: Lease) -> None:
    """What can be read is given, with credentials that the TURN server takes."""
    assert lease.seconds == 300
    username = lease.servers[0].username or ""
    expected = TurnServers(secret="S").credentials("gateway", int(username.split(":")[0]) - 300)
    assert lease.servers == (
        IceServer("turn", "127.0.0.1", 3478, "udp", *expected),
        IceServer("turns", "127.0.0.1", 5349, "udp", *expected),
        IceServer("turns", "127.0.0.1", 5349, "tcp", *expected),
    )


async def test_a_channel_that_is_there_is_found_once_and_asked_each_time(
    aws: AwsEmulator, channel: SignalingChannel
) -> None:
    arn = aws.kinesis_video.create("voices")
    checked(await channel.fetch())
    checked(await channel.fetch())
    assert operations(aws) == [*COLD, "get-ice-server-config"]
    asked = [r.body for r in aws.kinesis_video.requests.all() if r.operation == COLD[-1]]
    assert asked == [{"ChannelARN": arn, "ClientId": "gateway", "Service": "TURN"}] * 2


async def test_a_channel_that_is_missing_is_made_and_waited_for(
    aws: AwsEmulator, channel: SignalingChannel
) -> None:
    aws.kinesis_video.descriptions_until_active = 2
    checked(await channel.fetch())
    assert operations(aws) == [*MADE[:2], COLD[0], COLD[0], *COLD]


async def test_somebody_else_may_make_it_meanwhile(
    aws: AwsEmulator, channel: SignalingChannel
) -> None:
    aws.kinesis_video.create("voices")
    missing = Refusal(404, "ResourceNotFoundException", "not yet")
    aws.kinesis_video.refusals.add(missing)
    checked(await channel.fetch())
    assert operations(aws) == MADE


async def test_a_channel_that_does_not_become_active_is_given_up(
    aws: AwsEmulator, channel: SignalingChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinesis_video, "_CHANNEL_SECONDS", 0.5)
    aws.kinesis_video.descriptions_until_active = 1_000_000
    with pytest.raises(TimedOut, match="did not become active"):
        await channel.fetch()


async def test_the_throttle_of_the_service_is_waited_out(
    aws: AwsEmulator, channel: SignalingChannel
) -> None:
    aws.kinesis_video.create("voices")
    aws.kinesis_video.refusals.add(None, None, LIMIT_EXCEEDED, LIMIT_EXCEEDED, LIMIT_EXCEEDED)
    checked(await channel.fetch())
    assert operations(aws) == [*COLD, *COLD[-1:] * 3]


async def test_a_throttle_that_does_not_end_is_told(
    aws: AwsEmulator, channel: SignalingChannel, caplog: pytest.LogCaptureFixture
) -> None:
    aws.kinesis_video.create("voices")
    aws.kinesis_video.refusals.add(*[LIMIT_EXCEEDED] * 9)
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable, match="Try again"):
        await channel.fetch()
    assert operations(aws) == COLD[:1] * 5
    assert "ClientLimitExceededException" in caplog.text


async def test_a_channel_that_was_deleted_is_made_again(
    aws: AwsEmulator, channel: SignalingChannel
) -> None:
    aws.kinesis_video.create("voices")
    checked(await channel.fetch())
    aws.kinesis_video.refusals.add(Refusal(404, "ResourceNotFoundException", "deleted"))
    checked(await channel.fetch())
    assert operations(aws) == [*COLD, COLD[-1], *COLD]


@pytest.mark.parametrize(
    ("code", "kind", "remedy"),
    [
        ("AccessDeniedException", NotConfigured, "kinesisvideo:DescribeSignalingChannel"),
        ("UnrecognizedClientException", NotConfigured, "credentials"),
        ("ExpiredTokenException", NotConfigured, "expired"),
        ("InvalidArgumentException", Unavailable, "log"),
    ],
)
async def test_a_refusal_says_what_to_mend_and_not_what_the_service_wrote(
    code: str, kind: type[GatewayError], remedy: str, aws: AwsEmulator, channel: SignalingChannel
) -> None:
    aws.kinesis_video.refusals.add(Refusal(403, code, "secret text"))
    with pytest.raises(kind, match=remedy) as caught:
        await channel.fetch()
    assert "secret text" not in str(caught.value)


@pytest.mark.parametrize(
    ("without", "remedy"),
    [
        (("AWS_REGION", "AWS_DEFAULT_REGION"), "AWS_REGION"),
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "credentials"),
    ],
)
async def test_what_is_not_set_is_named(
    without: tuple[str, ...],
    remedy: str,
    aws: AwsEmulator,
    channel: SignalingChannel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in without:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NotConfigured, match=remedy):
        await channel.fetch()
    assert operations(aws) == []


async def test_the_event_loop_goes_on_while_the_service_is_asked(
    aws: AwsEmulator, channel: SignalingChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.kinesis_video.create("voices")
    threads: set[threading.Thread] = set()
    ask = SignalingChannel._client

    def note(self: SignalingChannel, endpoint: str = "") -> object:
        threads.add(threading.current_thread())
        return ask(self, endpoint)

    monkeypatch.setattr(SignalingChannel, "_client", note)
    await channel.fetch()
    assert threads
    assert threading.main_thread() not in threads


async def test_twenty_calls_at_once_ask_the_service_once(aws: AwsEmulator) -> None:
    aws.kinesis_video.create("voices")
    directory = IceDirectory([KvsChannel("voices")])
    assert operations(aws) == []
    found = await asyncio.gather(*(directory.servers() for _ in range(20)))
    await directory.servers()
    await directory.aclose()
    assert operations(aws) == COLD
    assert len({repr(each) for each in found}) == 1

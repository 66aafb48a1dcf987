"""boto3 against the emulated signaling channels: both planes, by one variable."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulators.emulator import AwsEmulator
from tests.emulators.kinesis_video import LIMIT_EXCEEDED, TurnServers


@pytest.fixture
def control(aws: AwsEmulator) -> Iterator[Any]:
    with closing(boto3.Session().client("kinesisvideo")) as client:
        yield client


def data_endpoint(control: Any, arn: str) -> str:
    """As the guide does: ask for the endpoint of a channel."""
    wanted = {"Protocols": ["HTTPS"], "Role": "MASTER"}
    named = control.get_signaling_channel_endpoint(
        ChannelARN=arn, SingleMasterChannelEndpointConfiguration=wanted
    )
    [endpoint] = named["ResourceEndpointList"]
    assert endpoint["Protocol"] == "HTTPS"
    url: str = endpoint["ResourceEndpoint"]
    return url


def ice_servers(url: str, arn: str, **more: Any) -> list[Any]:
    session = boto3.Session()
    with closing(session.client("kinesis-video-signaling", endpoint_url=url)) as client:
        servers: list[Any] = client.get_ice_server_config(ChannelARN=arn, **more)["IceServerList"]
        return servers


def test_a_channel_is_made_described_and_deleted(control: Any) -> None:
    arn = control.create_signaling_channel(ChannelName="voices")["ChannelARN"]
    assert arn.startswith("arn:aws:kinesisvideo:us-east-1:123456789012:channel/voices/")
    by_name = control.describe_signaling_channel(ChannelName="voices")["ChannelInfo"]
    by_arn = control.describe_signaling_channel(ChannelARN=arn)["ChannelInfo"]
    assert by_name == by_arn
    assert (by_arn["ChannelStatus"], by_arn["SingleMasterConfiguration"]) == (
        "ACTIVE",
        {"MessageTtlSeconds": 60},
    )
    control.delete_signaling_channel(ChannelARN=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        control.describe_signaling_channel(ChannelName="voices")


def test_a_name_can_be_taken_once(aws: AwsEmulator, control: Any) -> None:
    aws.kinesis_video.create("voices")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        control.create_signaling_channel(ChannelName="voices")


def test_turn_servers_come_with_credentials_that_the_server_takes(
    aws: AwsEmulator, control: Any
) -> None:
    uris = ("turn:127.0.0.1:3478?transport=udp", "turns:127.0.0.1:5349?transport=tcp")
    aws.kinesis_video.turn = TurnServers(uris, secret="S", life_seconds=60)
    arn = aws.kinesis_video.create("voices")
    url = data_endpoint(control, arn)
    assert url == aws.url
    [server] = ice_servers(url, arn, ClientId="ada")
    expires, _, client = server["Username"].partition(":")
    expected = aws.kinesis_video.turn.credentials("ada", int(expires) - 60)
    assert (client, server["Uris"], server["Ttl"]) == ("ada", list(uris), 60)
    assert (server["Username"], server["Password"]) == expected


def test_a_limit_is_an_error_that_botocore_does_not_try_again(
    aws: AwsEmulator, control: Any
) -> None:
    arn = aws.kinesis_video.create("voices")
    aws.kinesis_video.refusals.add(None, LIMIT_EXCEEDED)
    url = data_endpoint(control, arn)
    with pytest.raises(ClientError, match="ClientLimitExceededException"):
        ice_servers(url, arn)
    assert [request.operation for request in aws.kinesis_video.requests.all()] == [
        "getSignalingChannelEndpoint",
        "get-ice-server-config",
    ]
    [server] = ice_servers(url, arn)
    assert len(server["Uris"]) == 3


def test_channels_that_are_not_there_are_not_found(aws: AwsEmulator, control: Any) -> None:
    arn = "arn:aws:kinesisvideo:us-east-1:123456789012:channel/none/1"
    for call in (control.delete_signaling_channel, control.get_signaling_channel_endpoint):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            call(ChannelARN=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        ice_servers(aws.url, arn)

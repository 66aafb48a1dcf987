"""TURN servers of Amazon Kinesis Video Streams, asked for through one signaling channel.

boto3 is blocking and takes a third of a second to load: all of it happens in threads, one call at a
time. Credentials, endpoint and region are found as boto3 documents it, the region behind
``AWS_REGION``, which every AWS service sets and boto3 alone does not read.
"""

import asyncio
import logging
import os
import random
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from protocols.contract.errors import GatewayError, NotConfigured, TimedOut, Unavailable
from protocols.webrtc.options import IceServer, read_ice_url

CLIENT_ID = "gateway"

# KVS's own code for too many calls (5 a second and channel), which botocore does not try again.
_THROTTLED = "ClientLimitExceededException"
_MISSING = "ResourceNotFoundException"
_IN_USE = "ResourceInUseException"
_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.25
_CHANNEL_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.5
_CONNECT_SECONDS = 3
_READ_SECONDS = 5

_WHAT = "the TURN servers of GATEWAY_ICE_SERVERS=kvs:"
_REMEDIES: Mapping[str, GatewayError] = {
    "AccessDeniedException": NotConfigured(
        f"Kinesis Video refused to give {_WHAT}. Allow kinesisvideo:DescribeSignalingChannel, "
        "CreateSignalingChannel, GetSignalingChannelEndpoint and GetIceServerConfig."
    ),
    "UnrecognizedClientException": NotConfigured(
        f"Kinesis Video does not know the AWS credentials for {_WHAT}. `doctor` tells more."
    ),
    "ExpiredTokenException": NotConfigured(
        f"The AWS credentials for {_WHAT} have expired. Renew them."
    ),
    "NoCredentialsError": NotConfigured(
        f"No AWS credentials were found for {_WHAT}. Set them (AWS_PROFILE, AWS_ACCESS_KEY_ID or "
        "a role), or set another TURN server."
    ),
    "NoRegionError": NotConfigured(f"No AWS region is set for {_WHAT}. Set AWS_REGION."),
    "ConnectTimeoutError": TimedOut(f"Kinesis Video did not answer for {_WHAT}. Try again."),
    "ReadTimeoutError": TimedOut(f"Kinesis Video did not answer for {_WHAT}. Try again."),
}
_OTHERWISE = Unavailable(
    f"Kinesis Video did not give {_WHAT}. Try again; the log holds the reason."
)

_log = logging.getLogger(__name__)


class Lease(Struct, frozen=True):
    """What a service gave: servers with credentials, good for so many seconds."""

    servers: tuple[IceServer, ...]
    seconds: float


class SignalingChannel:
    """A channel by its name: found or made with the first call, remembered from then on.

    Args:
        name: of the channel.
        client_id: what the credentials are asked for as.
    """

    def __init__(self, name: str, client_id: str = CLIENT_ID) -> None:
        self._name = name
        self._client_id = client_id
        self._arn = ""
        self._endpoint = ""
        self._clients: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connections to AWS."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    async def fetch(self) -> Lease:
        """Ask for servers with credentials.

        Raises:
            GatewayError: there are none; the message says what to mend.
        """
        try:
            return await self._fetch()
        except GatewayError:
            raise
        except Exception as error:
            _log.warning("Kinesis Video: %s", _code(error), exc_info=error)
            known = _REMEDIES.get(_code(error), _OTHERWISE)
            raise type(known)(known.message) from error

    async def _fetch(self) -> Lease:
        remembered = bool(self._endpoint)
        try:
            return await self._lease()
        except Exception as error:
            if not remembered or _code(error) != _MISSING:
                raise
        # The channel was deleted behind our back.
        self._arn = self._endpoint = ""
        return await self._lease()

    async def _lease(self) -> Lease:
        if not self._endpoint:
            self._arn = await self._active_channel()
            self._endpoint = await _patiently(self._ask_endpoint)
        answer = await _patiently(self._ask_servers)
        servers = [
            read_ice_url(uri, given["Username"], given["Password"])
            for given in answer["IceServerList"]
            for uri in given["Uris"]
        ]
        lifetimes = [given["Ttl"] for given in answer["IceServerList"]]
        return Lease(tuple(s for s in servers if s is not None), min(lifetimes, default=0))

    async def _active_channel(self) -> str:
        """Find the channel, or make it; making takes a while."""
        try:
            async with asyncio.timeout(_CHANNEL_SECONDS):
                while True:
                    found = await _patiently(self._describe)
                    if found is None:
                        await _patiently(self._create)
                    elif found["ChannelStatus"] == "ACTIVE":
                        return str(found["ChannelARN"])
                    else:
                        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError:
            raise TimedOut(
                f"The signaling channel of {_WHAT} did not become active. Try again in a moment."
            ) from None

    def _describe(self) -> dict[str, Any] | None:
        try:
            found = self._client().describe_signaling_channel(ChannelName=self._name)
        except Exception as error:
            if _code(error) == _MISSING:
                return None
            raise
        described: dict[str, Any] = found["ChannelInfo"]
        return described

    def _create(self) -> None:
        try:
            self._client().create_signaling_channel(
                ChannelName=self._name, ChannelType="SINGLE_MASTER"
            )
        except Exception as error:
            if _code(error) != _IN_USE:  # somebody else makes it, too
                raise

    def _ask_endpoint(self) -> str:
        answer = self._client().get_signaling_channel_endpoint(
            ChannelARN=self._arn,
            SingleMasterChannelEndpointConfiguration={"Protocols": ["HTTPS"], "Role": "MASTER"},
        )
        [endpoint] = answer["ResourceEndpointList"]
        return str(endpoint["ResourceEndpoint"])

    def _ask_servers(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._client(self._endpoint).get_ice_server_config(
            ChannelARN=self._arn, Service="TURN", ClientId=self._client_id
        )
        return answer

    def _client(self, endpoint: str = "") -> Any:
        """The client of the control plane, or of the data plane that it named."""
        if endpoint not in self._clients:
            self._clients[endpoint] = _new_client(endpoint)
        return self._clients[endpoint]


def _new_client(endpoint: str) -> Any:
    import boto3  # noqa: PLC0415 - a third of a second, in the thread that asks
    from botocore.config import Config  # noqa: PLC0415

    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    return session.client(
        "kinesis-video-signaling" if endpoint else "kinesisvideo",
        endpoint_url=endpoint or None,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )


async def _patiently[T](call: Callable[[], T]) -> T:
    """Make a call in a thread; one that is throttled is made again after growing pauses."""
    pause_seconds = _FIRST_PAUSE_SECONDS
    for _ in range(_TRIES - 1):
        try:
            return await asyncio.to_thread(call)
        except Exception as error:
            if _code(error) != _THROTTLED:
                raise
        await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.5))  # noqa: S311 - spreads calls
        pause_seconds *= 2
    return await asyncio.to_thread(call)


def _code(error: Exception) -> str:
    """The code of an error that AWS answered with, or the name of one that botocore raised."""
    answer = getattr(error, "response", None) or {}
    code: str = answer.get("Error", {}).get("Code", "") or type(error).__name__
    return code

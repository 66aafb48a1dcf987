"""Keys for one connection, found anew each time.

strands reads keys once for each connection, on the event loop, where asking a server for them
would stand in everybody's way. Here they are found in a thread, by boto3's own documented order,
and given to strands as they are: a conversation outlives the keys it was opened with.
"""

import os
from datetime import UTC, datetime

import boto3
from botocore.exceptions import NoCredentialsError
from msgspec import Struct


class Access(Struct, frozen=True):
    """A session with fixed keys; ``expires_in_seconds`` is None if they last."""

    session: boto3.Session
    expires_in_seconds: float | None


def find_access() -> Access:
    """Find keys and region as they are now; may ask a server, so not on the event loop.

    Raises:
        NoCredentialsError: boto3 finds none.
        BotoCoreError: they could not be read or renewed.
    """
    found = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    credentials = found.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    keys = credentials.get_frozen_credentials()
    expires_at = getattr(credentials, "_expiry_time", None)
    fixed = boto3.Session(
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
        region_name=found.region_name,
    )
    remaining = None
    if isinstance(expires_at, datetime):
        remaining = (expires_at - datetime.now(UTC)).total_seconds()
    return Access(fixed, remaining)

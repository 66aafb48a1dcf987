"""Sessions of boto3, as every AWS model of the gateway needs them.

Credentials and endpoints are found by boto3 in its own documented order, and so is the region
behind ``AWS_REGION``, which every AWS service sets and boto3 alone does not read.
"""

import os

import boto3
from botocore.exceptions import NoCredentialsError

_API_KEY = "AWS_BEARER_TOKEN_BEDROCK"


def aws_session(*, takes_api_key: bool = False) -> boto3.Session:
    """Make a session; it has read files and asked servers for credentials when it is returned.

    Args:
        takes_api_key: an API key of Bedrock will do: Converse takes one, nothing else does.

    Raises:
        NoCredentialsError: boto3 finds no credentials.
    """
    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    if takes_api_key and os.environ.get(_API_KEY):
        return session
    if session.get_credentials() is None:
        raise NoCredentialsError
    return session

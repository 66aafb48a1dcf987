"""Our check of signatures against those that botocore and smithy make."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aws_sdk_signers import AsyncEventSigner, AWSCredentialIdentity, SigV4SigningProperties
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from smithy_aws_event_stream.events import EventHeaderEncoder, EventMessage

from tests.emulators.event_stream import Decoder, Message
from tests.emulators.requests import Request
from tests.emulators.signatures import (
    Credentials,
    EventChain,
    Signature,
    SignatureRefused,
    Verifier,
    known,
    signing_key,
)

ALICE = Credentials("AKIAALICE", "secret of alice", "token of alice")
TARGET = "/model/amazon.nova-2-sonic-v1%3A0/converse?b=2&a=1"


def signed(body: bytes = b"{}", region: str = "us-east-1") -> Request:
    boto = AWSRequest("POST", f"https://127.0.0.1:8443{TARGET}", {"x-extra": "a  b"}, body)
    credentials = BotoCredentials(ALICE.access_key, ALICE.secret_key, ALICE.session_token)
    SigV4Auth(credentials, "bedrock", region).add_auth(boto)
    headers = [(name.lower(), value) for name, value in boto.headers.items()]
    return Request("POST", TARGET, (*headers, ("host", "127.0.0.1:8443")), body)


def verifier(region: str = "us-east-1", at: datetime | None = None) -> Verifier:
    return Verifier(
        region,
        lambda access_key: known({ALICE.access_key: ALICE}, access_key),
        now=lambda: at or datetime.now(UTC),
    )


def with_header(request: Request, name: str, value: str) -> Request:
    others = tuple(header for header in request.headers if header[0] != name)
    return replace(request, headers=(*others, (name, value)))


def code_of(request: Request, *, check: Verifier | None = None, service: str = "bedrock") -> str:
    with pytest.raises(SignatureRefused) as refused:
        (check or verifier()).check(request, service)
    return f"{refused.value.code}: {refused.value.message}"


def test_a_request_signed_by_botocore_is_right() -> None:
    request = signed()
    stated = request.header("authorization").rpartition("Signature=")[2]
    assert verifier().check(request, "bedrock").value == stated


def test_nothing_of_a_signed_request_can_be_changed() -> None:
    mismatch = "InvalidSignatureException: The request signature we calculated does not match."
    request = signed()
    changed = [
        replace(request, body=b"[]"),
        replace(request, method="PUT"),
        replace(request, target="/model/other/converse?a=1&b=2"),
        replace(request, target=TARGET.replace("a=1", "a=3")),
        with_header(request, "x-extra", "other"),
    ]
    assert [code_of(each) for each in changed] == [mismatch] * len(changed)


def test_the_order_of_a_query_and_spaces_in_headers_do_not_matter() -> None:
    request = replace(signed(), target=TARGET.replace("b=2&a=1", "a=1&b=2"))
    assert verifier().check(with_header(request, "x-extra", " a b "), "bedrock").value


def test_a_request_without_signature_is_anonymous() -> None:
    anonymous = with_header(signed(), "authorization", "Bearer abc")
    assert code_of(anonymous).startswith("MissingAuthenticationTokenException")


def test_unknown_keys_and_tokens_are_not_recognised() -> None:
    request = signed()
    of_bob = request.header("authorization").replace("ALICE", "BOB")
    assert code_of(with_header(request, "authorization", of_bob)).startswith("Unrecognized")
    assert code_of(with_header(request, "x-amz-security-token", "old")).startswith("Unrecognized")


def test_a_signature_counts_for_its_region_and_service_only() -> None:
    assert "Credential should be scoped to" in code_of(signed(), check=verifier("eu-west-1"))
    assert "Credential should be scoped to" in code_of(signed(), service="kinesisvideo")


def test_a_signature_expires() -> None:
    late = verifier(at=datetime.now(UTC) + timedelta(minutes=6))
    assert "Signature expired" in code_of(signed(), check=late)
    assert "malformed" in code_of(with_header(signed(), "x-amz-date", "yesterday"))


def test_what_aws_reads_must_be_signed_and_true() -> None:
    unsigned = replace(signed(), headers=(*signed().headers, ("x-amz-target", "x")))
    assert "not signed: x-amz-target" in code_of(unsigned)
    request = signed()
    moved = request.header("authorization").replace("host;x-amz-date", "x-amz-date;host")
    assert "not sorted" in code_of(with_header(request, "authorization", moved))


async def test_events_signed_by_smithy_are_right_in_their_order_alone() -> None:
    scope = f"{datetime.now(UTC):%Y%m%d}/us-east-1/bedrock/aws4_request"
    seed = Signature("ab" * 32, signing_key(ALICE.secret_key, scope), scope)
    signer = AsyncEventSigner(
        initial_signature=seed.value.encode(), event_encoder_cls=EventHeaderEncoder
    )
    identity = AWSCredentialIdentity(
        access_key_id=ALICE.access_key, secret_access_key=ALICE.secret_key
    )
    properties: SigV4SigningProperties = {"region": "us-east-1", "service": "bedrock"}
    messages: list[Message] = []
    async with asyncio.timeout(5):
        for payload in (b"one", b"two", b"three"):
            made = await signer.sign(
                event=EventMessage(payload=payload), identity=identity, properties=properties
            )
            messages += Decoder().feed(made.encode())
        last = await signer.sign_empty(
            event=EventMessage(), identity=identity, properties=properties
        )
        messages += Decoder().feed(last.encode())

    chain = EventChain(seed)
    assert [chain.check(message) for message in messages] == [True] * 4
    swapped = EventChain(seed)
    assert [swapped.check(messages[index]) for index in (1, 0)] == [False, False]
    assert not EventChain(seed).check(Message({}, b"unsigned"))
    assert not EventChain(seed).check(replace(messages[0], payload=b"changed"))

"""Headers and errors as the services of AWS write them."""

import json
from uuid import uuid4

from tests.emulators.scripting import Refusal


def response_headers(content_type: str) -> list[tuple[str, str]]:
    """The headers every answer has."""
    return [("content-type", content_type), ("x-amzn-requestid", str(uuid4()))]


def error_response(refusal: Refusal) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of an error."""
    headers = [*response_headers("application/json"), ("x-amzn-errortype", refusal.code)]
    return refusal.status, headers, json.dumps({"message": refusal.message}).encode()

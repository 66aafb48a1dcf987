"""What is said to who runs the gateway: a table."""

from typing import Any

import httpx
import openai
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from gateway.cli.doctor_remedies import trouble_of
from gateway.models.choice import ModelChoice
from protocols.contract.errors import TimedOut

REQUEST = httpx.Request("POST", "http://127.0.0.1/")
ENVIRON = {"AWS_REGION": "eu-north-1"}
ACTION = "is not authorized to perform: bedrock:InvokeModelWithResponseStream"


def refused(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "ConverseStream")


def answered(status: int) -> Exception:
    response = httpx.Response(status, request=REQUEST)
    return openai.APIStatusError("no", response=response, body=None)


def policy(resource: str = "arn:aws:bedrock:eu-north-1::foundation-model/m") -> str:
    return (
        '\'{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
        '"Action": "bedrock:InvokeModelWithResponseStream", '
        f'"Resource": "{resource}"}}]}}\''
    )


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        (
            f"User: arn:aws:sts::1:assumed-role/gateway/i-1 {ACTION} on resource: "
            "arn:aws:bedrock:eu-north-1::foundation-model/m because no policy allows it",
            "aws iam put-role-policy --role-name gateway --policy-name agent-gateway-model "
            f"--policy-document {policy()}",
        ),
        (
            f"User: arn:aws:iam::1:user/ada {ACTION} on resource: "
            "arn:aws:bedrock:eu-north-1::foundation-model/m because no policy allows it",
            "aws iam put-user-policy --user-name ada --policy-name agent-gateway-model "
            f"--policy-document {policy()}",
        ),
        (
            f"User: arn:aws:iam::1:root {ACTION}",
            "aws iam put-user-policy --user-name NAME --policy-name agent-gateway-model "
            f"--policy-document {policy('*')}",
        ),
        (
            f"User: arn:aws:iam::1:user/ada {ACTION} on resource: r with an explicit deny in a "
            "service control policy",
            "a policy denies it: ask who runs the account's policies to allow it",
        ),
    ],
)
def test_the_missing_action_is_named_with_the_command_that_allows_it(
    message: str, remedy: str
) -> None:
    error = refused("AccessDeniedException", message)
    trouble = trouble_of(error, ModelChoice(setting="bedrock/m"), ENVIRON)
    assert trouble.text.startswith("not allowed: bedrock:InvokeModelWithResponseStream on ")
    assert trouble.text.endswith("(region eu-north-1)")
    assert trouble.remedy == remedy


@pytest.mark.parametrize(
    ("error", "setting", "text", "remedy"),
    [
        (
            refused("AccessDeniedException", "You don't have access to the model"),
            "bedrock/m",
            "the account has no access to bedrock/m in eu-north-1",
            "aws bedrock get-foundation-model-availability --model-id m --region eu-north-1",
        ),
        (
            refused("UnrecognizedClientException"),
            "bedrock",
            "AWS refused the credentials: UnrecognizedClientException",
            "aws sts get-caller-identity",
        ),
        (
            refused("ExpiredTokenException"),
            "bedrock/m",
            "bedrock/m in eu-north-1: ExpiredTokenException",
            "aws sso login",
        ),
        (
            refused("ValidationException", "The provided model identifier is invalid."),
            "bedrock/m",
            "there is no model m in eu-north-1",
            "aws bedrock list-foundation-models --region eu-north-1",
        ),
        (
            refused("ValidationException", "with on-demand throughput isn’t supported."),
            "bedrock/m",
            "m is served through inference profiles only",
            "GATEWAY_TEXT_MODEL=bedrock/us.m",
        ),
        (
            refused("ResourceNotFoundException"),
            "sagemaker/e",
            "there is no endpoint e in eu-north-1",
            "aws sagemaker list-endpoints --region eu-north-1",
        ),
        (NoCredentialsError(), "bedrock", "NoCredentialsError", "aws configure"),
        (EndpointConnectionError(endpoint_url="x"), "bedrock", "eu-north-1", "AWS_REGION"),
        (TimeoutError(), "bedrock", "TimeoutError", "GATEWAY_FIRST_TOKEN_SECONDS"),
        (refused("InternalServerException"), "bedrock", "InternalServerException", "try again"),
        (TimedOut("Too late."), "bedrock", "Too late.", "run doctor again"),
        (answered(401), "gemini", "gemini refused the key", "set GEMINI_API_KEY"),
        (answered(404), "openai/x", "openai knows no model x", "choose a model that it has"),
        (answered(429), "openai", "openai is at its limit", "credit"),
        (answered(500), "openai/x", "openai/x: The model failed", "status page"),
        (
            httpx.ConnectError("no"),
            "llamacpp",
            "llamacpp cannot be reached at its server",
            "LLAMACPP_BASE_URL",
        ),
        (httpx.ConnectError("no"), "mistral", "cannot be reached", "HTTPS_PROXY"),
        (httpx.ReadTimeout("no"), "ollama/x", "did not answer in time", "ollama serve"),
    ],
)
def test_each_trouble_has_its_remedy(
    error: Exception, setting: str, text: str, remedy: str
) -> None:
    trouble = trouble_of(error, ModelChoice(setting=setting), ENVIRON)
    assert text in trouble.text
    assert remedy in trouble.remedy


def test_without_a_region_strands_default_is_meant() -> None:
    environ: dict[str, Any] = {}
    error = refused("ResourceNotFoundException")
    trouble = trouble_of(error, ModelChoice(setting="bedrock/m"), environ)
    assert trouble.text == "there is no model m in us-west-2"

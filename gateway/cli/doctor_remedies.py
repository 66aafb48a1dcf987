"""What a failed call of a text model means for who runs the gateway, and what mends it; pure.

Unlike a caller, who runs the gateway may read what the service said of permissions and regions.
"""

import json
import re
from collections.abc import Mapping

from botocore.exceptions import ClientError
from msgspec import Struct

from gateway.models import failures
from gateway.models.choice import ModelChoice
from gateway.models.failures import Fault, fault_of
from protocols.contract.errors import GatewayError

_KEYS = {
    "openai": "OPENAI_API_KEY",
    "openai_responses": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "writer": "WRITER_API_KEY",
    "llamaapi": "LLAMA_API_KEY",
    "litellm": "the variable that LiteLLM documents for this provider",
}
_SERVERS = {
    "openai": "OPENAI_BASE_URL",
    "openai_responses": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
    "writer": "WRITER_BASE_URL",
    "llamacpp": "LLAMACPP_BASE_URL",
}
_ON_AWS = ("bedrock", "sagemaker")
_NOT_ALLOWED = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>[\w:*]+)"
    r"(?: on resource: (?P<resource>\S+))?(?P<why>.*)"
)
_PRINCIPAL = re.compile(r":(?P<kind>assumed-role|user|role)/(?P<name>[^/\s]+)")
_NO_PROFILE = re.compile(r"on-demand throughput isn.t supported")


class Trouble(Struct, frozen=True):
    """What is wrong, and the command or the setting that mends it."""

    text: str
    remedy: str


def trouble_of(error: Exception, choice: ModelChoice, environ: Mapping[str, str]) -> Trouble:
    """Say what a failed call means.

    Args:
        error: what the library raised.
        choice: the model that was asked.
        environ: the variables it was asked with.
    """
    fault = fault_of(error)
    if isinstance(error, GatewayError):
        return Trouble(error.message, "set it, and run doctor again")
    if choice.provider in _ON_AWS:
        return _on_aws(error, fault, choice, environ)
    return _elsewhere(fault, choice, environ)


def _on_aws(
    error: Exception, fault: Fault, choice: ModelChoice, environ: Mapping[str, str]
) -> Trouble:
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-west-2"
    # strands has its own exception for some refusals, raised from that of AWS.
    of_aws = error if isinstance(error, ClientError) else error.__cause__
    said = of_aws.response.get("Error", {}) if isinstance(of_aws, ClientError) else {}
    message = str(said.get("Message", ""))
    code = str(said.get("Code", type(error).__name__))
    if fault is failures.REFUSED:
        return _refused(code, message, choice, region)
    if fault is failures.UNKNOWN:
        return _unknown(message, choice, region)
    known = {
        failures.NO_CREDENTIALS: "run `aws configure` or `aws sso login`",
        failures.EXPIRED: "run `aws sso login`, or set new keys",
        failures.NO_REGION: "set AWS_REGION to where the model is",
        failures.THROTTLED: "look at the account's quotas: `aws service-quotas list-service-quotas "
        f"--service-code bedrock --region {region}`",
        failures.UNREACHABLE: f"is {region} a region with Amazon Bedrock, and can this machine "
        "reach it? Set AWS_REGION, or HTTPS_PROXY",
        failures.TIMED_OUT: f"can this machine reach AWS in {region}? Set AWS_REGION, HTTPS_PROXY "
        "or GATEWAY_FIRST_TOKEN_SECONDS",
    }
    remedy = known.get(fault, "try again; AWS Health tells of trouble in a region")
    return Trouble(f"{choice.setting} in {region}: {code}", remedy)


def _refused(code: str, message: str, choice: ModelChoice, region: str) -> Trouble:
    found = _NOT_ALLOWED.search(message)
    if found is not None:
        return _not_allowed(found, region)
    if code == "AccessDeniedException":
        model = choice.model_id or "the model's id"
        return Trouble(
            f"the account has no access to {choice.setting} in {region}",
            "see what is missing with `aws bedrock get-foundation-model-availability --model-id "
            f"{model} --region {region}`, then request it: Bedrock console, Model access",
        )
    return Trouble(
        f"AWS refused the credentials: {code}",
        "see whose they are with `aws sts get-caller-identity`; then `aws configure` or "
        "`aws sso login`",
    )


def _not_allowed(found: re.Match[str], region: str) -> Trouble:
    action, resource = found["action"], (found["resource"] or "*").rstrip(".")
    text = f"not allowed: {action} on {resource} (region {region})"
    if "explicit deny" in found["why"]:
        return Trouble(text, "a policy denies it: ask who runs the account's policies to allow it")
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    who = _PRINCIPAL.search(found["who"])
    kind = "user" if who is None or who["kind"] == "user" else "role"
    name = "NAME" if who is None else who["name"]
    return Trouble(
        text,
        f"aws iam put-{kind}-policy --{kind}-name {name} --policy-name agent-gateway-model "
        f"--policy-document '{policy}'",
    )


def _unknown(message: str, choice: ModelChoice, region: str) -> Trouble:
    profiles = f"aws bedrock list-inference-profiles --region {region}"
    if choice.provider == "sagemaker":
        return Trouble(
            f"there is no endpoint {choice.model_id} in {region}",
            f"choose one of `aws sagemaker list-endpoints --region {region}`",
        )
    if _NO_PROFILE.search(message):
        return Trouble(
            f"{choice.model_id} is served through inference profiles only",
            f"choose one of `{profiles}`, as in GATEWAY_TEXT_MODEL=bedrock/us.{choice.model_id}",
        )
    return Trouble(
        f"there is no model {choice.model_id} in {region}",
        f"choose one of `{profiles}` or `aws bedrock list-foundation-models --region {region}`",
    )


def _elsewhere(fault: Fault, choice: ModelChoice, environ: Mapping[str, str]) -> Trouble:
    provider, model = choice.provider, choice.model_id
    server = _SERVERS.get(provider, "")
    where = environ.get(server) or environ.get("OLLAMA_HOST") or "its server"
    key = _KEYS.get(provider, "its key")
    unknown = "choose a model that it has"
    unreachable = f"is it running, and can this machine reach it? Set {server or 'HTTPS_PROXY'}"
    if provider == "ollama":
        unknown = f"run `ollama pull {model}`"
        unreachable = "run `ollama serve`, or set OLLAMA_HOST to where it runs"
    known = {
        failures.REFUSED: Trouble(f"{provider} refused the key", f"set {key} to one that is valid"),
        failures.UNKNOWN: Trouble(f"{provider} knows no model {model}", unknown),
        failures.UNREACHABLE: Trouble(f"{provider} cannot be reached at {where}", unreachable),
        failures.TIMED_OUT: Trouble(f"{provider} did not answer in time", unreachable),
        failures.THROTTLED: Trouble(
            f"{provider} is at its limit", "look at the account's quota and credit"
        ),
    }
    trouble = f"{choice.setting}: {fault.message}"
    return known.get(fault, Trouble(trouble, "try again; the service's status page may know more"))

"""Keeps what people say out of telemetry, unless GATEWAY_CAPTURE_CONTENT asks for it."""

from collections.abc import Mapping

OPT_IN = "OTEL_SEMCONV_STABILITY_OPT_IN"
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
REDACT = "AWS_REDACT_SPAN_ATTRIBUTES"

_UNREDACTED = "gen_ai_unredacted_attributes="
_NEVER_WANTED = (
    "aws.auth.account.access_key,http.request.header.*,url.query,net.peer.ip,client.address"
)


def privacy_environment(capture: bool, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables to set before strands makes its tracer, which reads them once.

    An empty list of unredacted attributes makes strands redact prompts, replies, arguments and
    results. The capture variable is for botocore's instrumentation, which ADOT switches on by
    itself. The last one is ADOT's own list of attributes to overwrite; one that is set is kept.
    """
    tokens = [
        token
        for token in map(str.strip, environ.get(OPT_IN, "").split(","))
        if token and not token.startswith(_UNREDACTED)
    ]
    if not capture:
        tokens.append(_UNREDACTED)
    return {
        OPT_IN: ",".join(tokens),
        CAPTURE: "true" if capture else "false",
        REDACT: environ.get(REDACT) or _NEVER_WANTED,
    }

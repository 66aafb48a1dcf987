import pytest

from observability.privacy import privacy_environment

DEFAULT_REDACTION = (
    "aws.auth.account.access_key,http.request.header.*,url.query,net.peer.ip,client.address"
)


def test_by_default_all_content_is_redacted() -> None:
    assert privacy_environment(False, {}) == {
        "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_unredacted_attributes=",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "false",
        "AWS_REDACT_SPAN_ATTRIBUTES": DEFAULT_REDACTION,
    }


def test_content_is_captured_only_when_asked_for() -> None:
    before = {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_unredacted_attributes="}
    assert privacy_environment(True, before) == {
        "OTEL_SEMCONV_STABILITY_OPT_IN": "",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
        "AWS_REDACT_SPAN_ATTRIBUTES": DEFAULT_REDACTION,
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "gen_ai_latest_experimental, gen_ai_tool_definitions",
            "gen_ai_latest_experimental,gen_ai_tool_definitions,gen_ai_unredacted_attributes=",
        ),
        ("gen_ai_unredacted_attributes=gen_ai.*", "gen_ai_unredacted_attributes="),
    ],
)
def test_other_tokens_are_kept_and_a_wider_permission_is_not(before: str, after: str) -> None:
    found = privacy_environment(False, {"OTEL_SEMCONV_STABILITY_OPT_IN": before})
    assert found["OTEL_SEMCONV_STABILITY_OPT_IN"] == after


def test_an_operators_own_list_of_attributes_is_kept() -> None:
    found = privacy_environment(False, {"AWS_REDACT_SPAN_ATTRIBUTES": "a,b"})
    assert found["AWS_REDACT_SPAN_ATTRIBUTES"] == "a,b"

"""Histories and contents as AG-UI messages: values in, dicts out, and citations back."""

from typing import Any

import pytest

from protocols.ag_ui_history import ag_ui_messages, citations_in, citations_metadata
from protocols.contract.inputs import Citation, CitedText, Message, Reasoning, Text, ToolCall

ATLAS = Citation(
    3, "Atlas", "atlas.pdf", ("Paris is a city.",), {"type": "documentPage", "start": 2, "end": 3}
)
SHOWN = {
    "title": "Atlas",
    "source": "atlas.pdf",
    "location": {"type": "documentPage", "start": 2, "end": 3},
    "sourceContent": [{"text": "Paris is a city."}],
    "textOffset": 3,
}


def test_citations_are_metadata_of_their_message_and_count_from_its_beginning() -> None:
    said = (Text("🗼 "), CitedText("Yes", (ATLAS,)), CitedText("No", (Citation(2),)))
    assert ag_ui_messages([Message("m", "assistant", said)]) == [
        {
            "id": "m",
            "role": "assistant",
            "content": "🗼 YesNo",
            "metadata": {"citations": [SHOWN | {"textOffset": 6}, {"textOffset": 8}]},
        }
    ]


def test_citations_survive_the_way_to_the_client_and_back() -> None:
    cited = (ATLAS, Citation(7, "Other"))
    assert citations_in(citations_metadata(cited)) == cited


@pytest.mark.parametrize(
    "metadata",
    [None, "text", {}, {"citations": "x"}, {"citations": [7, {"title": "no offset"}, {}]}],
)
def test_what_is_no_citation_is_left_out(metadata: Any) -> None:
    assert citations_in(metadata) == ()


def test_thinking_that_can_be_continued_stands_before_its_message() -> None:
    thought = (Reasoning("hm", "proof"), Reasoning("aha"), Reasoning("", "redacted:AA=="))
    call = ToolCall("c", "add", "{}", "seal")
    assert ag_ui_messages([Message("m", "assistant", (*thought, call))]) == [
        {"id": "m-reasoning-1", "role": "reasoning", "content": "hm", "encryptedValue": "proof"},
        {
            "id": "m-reasoning-3",
            "role": "reasoning",
            "content": "",
            "encryptedValue": "redacted:AA==",
        },
        {
            "id": "m",
            "role": "assistant",
            "toolCalls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": "add", "arguments": "{}"},
                    "encryptedValue": "seal",
                }
            ],
        },
    ]

"""Citations of strands to those of the contract, and as notes in a history."""

from typing import Any

import pytest

from gateway.agents.citations import citation_of, cited_text, noted_block, noted_citations
from protocols.contract.inputs import Citation, CitedText

PAGE = {
    "title": "Atlas",
    "source": "atlas.pdf",
    "location": {"documentPage": {"documentIndex": 0, "start": 2, "end": 3}},
    "sourceContent": [{"text": "Paris is a city."}, {"text": ""}, {}],
}
ATLAS = Citation(
    7,
    "Atlas",
    "atlas.pdf",
    ("Paris is a city.",),
    {"type": "documentPage", "documentIndex": 0, "start": 2, "end": 3},
)


def test_a_citation_names_its_source_and_the_place_in_it() -> None:
    assert citation_of(PAGE, 7) == ATLAS


@pytest.mark.parametrize(
    ("location", "read"),
    [
        (
            {"searchResultLocation": {"searchResultIndex": 1}},
            {"type": "searchResult", "searchResultIndex": 1},
        ),
        ({"web": {"url": "https://a.example"}}, {"type": "web", "url": "https://a.example"}),
        ({"web": {}}, None),
        ({"web": "text"}, None),
        (None, None),
    ],
)
def test_the_kind_of_a_location_is_in_it(location: Any, read: Any) -> None:
    assert citation_of({"title": "t", "location": location}, 0) == Citation(0, "t", location=read)


@pytest.mark.parametrize("given", [{}, {"title": "", "sourceContent": [], "location": {}}])
def test_what_names_no_source_is_no_citation(given: dict[str, Any]) -> None:
    assert citation_of(given, 3) is None


def test_the_citations_of_a_block_stand_at_its_end() -> None:
    block = {"content": [{"text": "Paris "}, {"text": "🗼"}], "citations": [PAGE, {}]}
    assert cited_text(block) == CitedText("Paris 🗼", (Citation(8, *_members(ATLAS)),))
    assert cited_text({}) == CitedText("", ())


def test_a_note_beside_words_is_read_again() -> None:
    block = noted_block(CitedText("Paris", (ATLAS, Citation(2, "b"))))
    assert block["text"] == "Paris"
    assert noted_citations(block) == (ATLAS, Citation(2, "b"))
    assert noted_citations({"text": "Paris"}) == ()


def _members(citation: Citation) -> tuple[Any, ...]:
    return (citation.title, citation.source, citation.passages, citation.location)

"""A tool as the offline model sees it: its words, weighed, and its parameters.

The name weighs most, then listed values, the description, and the parameters. Examples in
quotation marks say nothing of what a tool does.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from gateway.models.offline.language import stem, stems, vocabulary, words
from gateway.models.offline.parameters import Parameter, parameters_of

READ_OF_DESCRIPTION = 1_000

# Verbs and nouns of nearly every description: they may decide between tools, not call one.
WEAK_STEMS = frozenset(
    stem(word)
    for word in vocabulary(
        "get set current tool list add delete use call run do function return value number text "
        "string result given user data information name type kind optional default parameter "
        "argument example such ask say word thing first last more other different question answer "
        "help today good best next what which"
    )
)


# What tools of one family differ in.
ACTION_STEMS = frozenset(stem(word) for word in vocabulary("add delete list search send set"))
# Actions that change something: nobody asks for them by a question.
_CHANGING_STEMS = frozenset(
    stem(word) for word in vocabulary("add set delete send book order buy move rename start stop")
)
_EXAMPLE = re.compile(r"[\"“][^\"“”]{0,80}[\"”]")


class Tool(NamedTuple):
    """A tool: ``weights`` are those of the stems of its words, ``name_words`` those of its name."""

    name: str
    schema: Mapping[str, Any]
    weights: Mapping[str, float]
    name_words: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    @property
    def spoken(self) -> str:
        """The name as one says it."""
        return " ".join(self.name_words) or self.name

    @property
    def name_stems(self) -> frozenset[str]:
        """The stems of the words of its name."""
        return frozenset(stem(word) for word in self.name_words)

    @property
    def is_changing(self) -> bool:
        """Whether its name says that it changes something."""
        return not self.name_stems.isdisjoint(_CHANGING_STEMS)

    def is_named_in(self, text: str) -> bool:
        """Whether a text gives its very name, as programs write names."""
        return not self.name.isalpha() and self.name.lower() in text.lower()


def tool_of(name: str, description: str, schema: Mapping[str, Any]) -> Tool:
    """Weigh the words of a tool."""
    weights: dict[str, float] = {}
    parameters = tuple(parameters_of(schema))
    for parameter in parameters:
        about = _EXAMPLE.sub("", str(parameter.schema.get("description", "")))
        _weigh(weights, stems(about[:READ_OF_DESCRIPTION]), 0.5)
        _weigh(weights, stems(" ".join(parameter.name_words)), 0.8)
        for value in parameter.choices:
            _weigh(weights, stems(str(value)), 1.5)
    _weigh(weights, stems(_EXAMPLE.sub("", description[:READ_OF_DESCRIPTION])), 1.0)
    _weigh(weights, stems(name), 3.0)
    for weak in WEAK_STEMS & weights.keys():
        weights[weak] = min(weights[weak], 1.0)
    return Tool(name, schema, weights, tuple(words(name)), parameters)


def _weigh(weights: dict[str, float], added: Collection[str], weight: float) -> None:
    for word in added:
        weights[word] = max(weights.get(word, 0.0), weight)

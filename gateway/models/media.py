"""Which media a text model can be shown, by its name (pure).

A provider refuses the whole request for one part that its model does not take; whoever asks a model
leaves such parts out.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from gateway.models.choice import ModelChoice
from protocols.contract.media_types import MediaKind

KINDS: tuple[MediaKind, ...] = ("image", "document", "audio", "video")
_MOST_MODELS: frozenset[MediaKind] = frozenset({"image", "document"})

# Names on Amazon Bedrock, of models and of inference profiles.
_ON_BEDROCK: tuple[tuple[re.Pattern[str], frozenset[MediaKind]], ...] = (
    (re.compile(r"\bamazon\.nova-micro"), frozenset()),
    (re.compile(r"\bamazon\.nova-(2-)?(lite|pro|premier)"), _MOST_MODELS | {"video"}),
)

# What strands' model classes can put into a request; the models behind them take that or less.
_BY_PROVIDER: dict[str, frozenset[MediaKind]] = {
    "offline": frozenset(KINDS),  # it looks at none, and says so for each
    "ollama": frozenset({"image"}),
    "llamaapi": frozenset({"image"}),
    "mistral": frozenset({"image"}),
    "writer": frozenset({"image"}),
    "litellm": frozenset({"image", "document", "video"}),
    "gemini": frozenset({"image", "document", "video"}),
    "llamacpp": frozenset({"image", "document", "audio"}),
    "sagemaker": frozenset({"image"}),
}


def kinds_taken(choice: ModelChoice) -> frozenset[MediaKind]:
    """Tell what can be shown to a model; a model that is not known here takes what most take."""
    if choice.provider == "bedrock" and choice.model_id is not None:
        for name, kinds in _ON_BEDROCK:
            if name.search(choice.model_id):
                return kinds
    return _BY_PROVIDER.get(choice.provider, _MOST_MODELS)


def shown_to(blocks: Sequence[Any], kinds: Collection[MediaKind]) -> list[Any]:
    """Name media of other kinds than a model takes, instead of showing them; copies what changes.

    A provider would refuse the whole request.
    """
    return [_shown_to(block, kinds) for block in blocks]


def _shown_to(block: Any, kinds: Collection[MediaKind]) -> Any:
    if "toolResult" in block:
        result = block["toolResult"]
        return {"toolResult": {**result, "content": shown_to(result["content"], kinds)}}
    for kind in KINDS:
        if kind in block and kind not in kinds:
            return {"text": f"[an attached {kind} that this model cannot be shown]"}
    return block

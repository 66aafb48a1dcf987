"""Which media a text model can be shown, by its name (pure).

A provider refuses the whole request for one part that its model does not take; whoever asks a model
leaves such parts out.
"""

import re

from gateway.models.choice import ModelChoice
from protocols.contract.media_types import MediaKind

_ALL: frozenset[MediaKind] = frozenset({"image", "document", "audio", "video"})
_MOST_MODELS: frozenset[MediaKind] = frozenset({"image", "document"})

# Names on Amazon Bedrock, of models and of inference profiles.
_ON_BEDROCK: tuple[tuple[re.Pattern[str], frozenset[MediaKind]], ...] = (
    (re.compile(r"\bamazon\.nova-micro"), frozenset()),
    (re.compile(r"\bamazon\.nova-(2-)?(lite|pro|premier)"), _MOST_MODELS | {"video"}),
)


def kinds_taken(choice: ModelChoice) -> frozenset[MediaKind]:
    """Tell what can be shown to a model; a model that is not known here takes what most take."""
    if choice.provider == "offline":
        return _ALL  # it looks at none, and says so for each
    if choice.provider == "bedrock" and choice.model_id is not None:
        for name, kinds in _ON_BEDROCK:
            if name.search(choice.model_id):
                return kinds
    return _MOST_MODELS

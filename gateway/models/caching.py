"""Which models keep the beginning of a prompt when they are told where it ends (pure).

Models that do so by themselves (OpenAI's, Gemini, Amazon Nova) are told nothing. One that cannot
refuses the whole request because of the mark, so only names that are known get it.
"""

import re

from strands.models import CacheConfig

_CLAUDE = re.compile(r"\bclaude\b")
_WITHOUT = re.compile(
    r"claude-(v2|instant|3-opus|3-sonnet|3-haiku|3-5-sonnet)"  # older than caching
)


def cache_config(model_id: str) -> CacheConfig | None:
    """Tell how the prompts of a model are cached; None: not at our asking."""
    if not _CLAUDE.search(model_id) or _WITHOUT.search(model_id):
        return None
    return CacheConfig(strategy="anthropic", tools_ttl=True)

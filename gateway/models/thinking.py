"""Whose thinking it is: providers sign it, and refuse what another one has signed.

Pure, but for ``marking``, which hands on what it reads. What the first model of a chain signs stays
as it is. A proof of another provider is marked with its name while it is remembered, here and at
the client, and shown only to that provider again.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

from strands.types.streaming import StreamEvent

_MARK = "|of:"  # signatures are base64, and sealed bytes do not end so by chance
_MARKED = re.compile(r"\|of:[a-z0-9_-]+\Z")
_TAKES_SEALED = frozenset({"bedrock", "anthropic"})
_PROOFS = ("signature", "redactedContent")


async def marking(
    chunks: AsyncGenerator[StreamEvent], provider: str
) -> AsyncGenerator[StreamEvent]:
    """Hand on an answer with the provider's name behind each of its proofs."""
    proof: str | None = None
    async with aclosing(chunks):
        async for chunk in chunks:
            if "contentBlockDelta" in chunk:
                delta = cast(Mapping[str, Any], chunk["contentBlockDelta"]["delta"])
                thought = delta.get("reasoningContent") or {}
                proof = next((each for each in _PROOFS if thought.get(each)), proof)
            elif "contentBlockStop" in chunk and proof is not None:
                yield _mark(proof, provider)
                proof = None
            yield _marked_call(chunk, provider) if "contentBlockStart" in chunk else chunk


def recognised(content: Sequence[Any], provider: str, *, is_first: bool) -> list[Any]:
    """Show the content of a message to a provider: its own thinking, and nobody else's.

    Args:
        content: blocks of strands; they are not changed.
        provider: who is asked.
        is_first: whether it is that of the chain's first model, whose proofs bear no mark.
    """
    mark = "" if is_first else provider
    shown = [_recognised(block, provider, mark) for block in content]
    return [block for block in shown if block is not None]


def _mark(proof: str, provider: str) -> StreamEvent:
    name = f"{_MARK}{provider}"
    thought = {proof: name.encode() if proof == "redactedContent" else name}
    return cast(StreamEvent, {"contentBlockDelta": {"delta": {"reasoningContent": thought}}})


def _marked_call(chunk: StreamEvent, provider: str) -> StreamEvent:
    start = cast(Mapping[str, Any], chunk["contentBlockStart"].get("start") or {})
    use = start.get("toolUse") or {}
    if not use.get("reasoningSignature"):
        return chunk
    marked = {**use, "reasoningSignature": f"{use['reasoningSignature']}{_MARK}{provider}"}
    opened = {**chunk["contentBlockStart"], "start": {"toolUse": marked}}
    return cast(StreamEvent, {"contentBlockStart": opened})


def _recognised(block: Any, provider: str, mark: str) -> Any:
    if "toolUse" in block and "reasoningSignature" in block["toolUse"]:
        return {"toolUse": _recognised_call(block["toolUse"], mark)}
    if "reasoningContent" not in block:
        return block
    thought = block["reasoningContent"]
    if thought.get("redactedContent"):
        sealed = _own(thought["redactedContent"].decode("latin-1"), mark)
        if sealed is None or provider not in _TAKES_SEALED:
            return None
        return {"reasoningContent": {"redactedContent": sealed.encode("latin-1")}}
    said = thought.get("reasoningText") or {}
    if not said.get("signature"):
        return block
    signature = _own(said["signature"], mark)
    if signature is None:
        return None
    return {"reasoningContent": {"reasoningText": {**said, "signature": signature}}}


def _recognised_call(use: Mapping[str, Any], mark: str) -> dict[str, Any]:
    signature = _own(use["reasoningSignature"], mark)
    plain = {name: value for name, value in use.items() if name != "reasoningSignature"}
    return plain if signature is None else {**plain, "reasoningSignature": signature}


def _own(proof: str, mark: str) -> str | None:
    """Take a provider's mark off; None for a proof of another one."""
    if not mark:
        return None if _MARKED.search(proof) else proof
    own = f"{_MARK}{mark}"
    return proof.removesuffix(own) if proof.endswith(own) else None

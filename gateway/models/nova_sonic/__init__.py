"""Nova Sonic as a conversation that outlives its connections.

``session`` is one connection of strands' model, made to end in bounded time; ``connection`` reads
it; ``exchange`` knows the conversation; ``model`` is what strands' agent holds: it renews and
replaces connections without losing a word.
"""

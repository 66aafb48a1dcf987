"""A live conversation as every wire carries it: native messages, pacing, dialogue, session."""

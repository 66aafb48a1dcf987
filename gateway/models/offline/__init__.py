"""The embedded default: a rule-based text model, a local recogniser and a local synthesizer."""

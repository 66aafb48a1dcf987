"""The server: joins protocols, tools, models and telemetry."""

"""The WebSocket ``/ws``: one endpoint, several dialects."""

"""The languages clients speak on a WebSocket; the first message chooses."""

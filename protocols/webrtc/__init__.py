"""WebRTC: Opus both ways and a data channel, signaled by actions at the door."""

"""The commands beside ``serve``: clients of every wire, and what tells about an installation."""

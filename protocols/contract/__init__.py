"""What every wire shares: conversations, inputs, events and errors. Needs msgspec only."""

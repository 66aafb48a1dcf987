"""One strands agent behind the contract."""

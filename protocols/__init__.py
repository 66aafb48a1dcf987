"""Wires in, wires out: each protocol translates between one wire and the contract."""

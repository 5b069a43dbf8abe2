"""The service: one local program that panels, scripts and farms ask over HTTP."""

PROTOCOL = 1
"""The number of the language spoken here. A client of another number does not talk to us."""

"""The ledger: what was done, with what, from what."""

"""Tiny checkpoints of random weights, one module a family, for tests: they load as real ones do,
and shoot noise in about a second.
"""

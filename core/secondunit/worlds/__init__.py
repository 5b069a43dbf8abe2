"""Generated clips with the truth of everything in them: what the starter learns from, and what
models are measured on.

Two worlds, both endless and both decided by a seed alone: `randomised` (no two clips alike, carries
over to real footage) and `named` (subjects that have words).
"""

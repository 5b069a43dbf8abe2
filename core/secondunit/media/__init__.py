"""Footage in and takes out: movies, stills and image sequences, at their own depth."""

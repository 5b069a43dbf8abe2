"""Timelines: requests in a cut become jobs, jobs become takes, takes go back into the cut."""

"""The sound of takes: what it is, which pictures have it, and the tracks of ours it lies on."""

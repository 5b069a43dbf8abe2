"""Second Unit's core: requests in, takes out. Knows no host and no panel."""

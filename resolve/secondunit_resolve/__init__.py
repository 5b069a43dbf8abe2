"""Second Unit inside DaVinci Resolve: a host for the panel, over the API, a bridge, or files."""

"""Programs about the panel, run by hand."""

"""Programs that make parts of the project; none of them is installed."""

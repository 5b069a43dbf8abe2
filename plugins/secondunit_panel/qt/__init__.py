"""Everything of the panel that needs Qt, and the only place Qt is imported."""

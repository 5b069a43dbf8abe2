"""The words every part of Second Unit shares. Standard library only; it knows nobody."""

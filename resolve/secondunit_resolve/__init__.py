"""Second Unit inside DaVinci Resolve: a thin host for the panel.

Its fences stand; the host itself is to come.
"""

"""Second Unit inside Nuke: a thin host for the panel.

Its fences stand; the host itself is to come.
"""

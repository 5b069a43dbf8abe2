"""Second Unit inside Nuke: a thin host for the panel.

What it leaves in a script are Nuke's own nodes and knobs, which open where it is not installed.
"""

"""What a Nuke with windows runs in this folder: the panel comes into its menus."""

from secondunit_nuke.panel import register

register()

"""The rig: what any pipeline of diffusers is driven with, whatever its family.

Its parts come and go with the memory there is, its work can be watched and stopped, and what its
libraries raise becomes Problems.
"""

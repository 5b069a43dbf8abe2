"""How the starter is made: a small video model, trained from nothing on clips that are generated
as it goes, and written as a folder that the official pipeline class loads.
"""

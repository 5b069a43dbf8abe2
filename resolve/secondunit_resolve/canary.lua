-- Stands beside "Second Unit" in Workspace > Scripts. If this is listed and "Second Unit" is not,
-- the folder is right and Resolve finds no Python: see docs/hosts/resolve.md.
print("Second Unit: Resolve finds its scripts. If \"Second Unit\" is not listed beside this one, Resolve finds no Python.")

"""The engine: a job goes in; events and takes come out."""

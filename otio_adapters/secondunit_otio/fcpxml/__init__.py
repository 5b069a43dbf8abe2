"""Final Cut Pro's XML, read with exact times."""

from secondunit_otio.fcpxml.document import read

__all__ = ["read"]

"""Finding the files of clips whose media is lost: by id, by reel and timecode, by mob id."""

from secondunit_otio.linking.relink import linked

__all__ = ["linked"]

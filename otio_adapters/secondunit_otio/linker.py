"""The media linker `su_takes`: finds takes and lost media again, and overwrites nobody's reference.

    otioconvert -i cut.otio -o there.otio -m su_takes -M "folders=/renders:/camera"

`folders` names the folders to be searched, as a list or as PATH names them; those in the
environment's SECONDUNIT_TAKES are searched, too. What plays already is left as it is. A take found
for a request becomes one more media of its clip, and other media that is offline gets a second
reference beside it: the request and the host's own stay under their keys.
"""

from __future__ import annotations

from typing import Any

from secondunit_otio.linking.relink import linked

# OpenTimelineIO runs this file without giving it a place among the modules, so that dataclasses
# cannot be made here.


def link_media_reference(in_clip: Any, media_linker_argument_map: Any = None) -> Any:
    """The reference a clip is to play, or None where nothing is to change."""
    return linked(in_clip, media_linker_argument_map)

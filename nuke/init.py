"""What Nuke runs first in this folder, with windows or without: makes what is ours importable.

The packages lie beside this file, or below lib, as a bundle has them; else in the checkout that
this folder is a part of. They come last on the path, so that nothing of a studio's own is hidden.
"""

import os
import sys

for _folder in ("", "lib", "../plugins", "../core"):
    _path = os.path.join(os.path.dirname(os.path.abspath(__file__)), _folder)
    _path = os.path.normpath(_path)
    if os.path.isdir(_path) and _path not in sys.path:
        sys.path.append(_path)

"""Decoding pictures: beside the main thread, where Qt's binding bears that."""

from __future__ import annotations

from qtpy import API_NAME
from qtpy.QtCore import QByteArray, QDataStream
from qtpy.QtGui import QImage, QImageReader

BESIDE = API_NAME != "PySide2"
"""Whether Qt's objects may be made and let go on other threads.

PySide2 keeps a list of them that two threads change at once, as it lets go of Python before it
takes one out: a host may crash of that, or hang. PySide6 has a lock for it.
"""


def decoded(picture: bytes, greys: bool = False) -> QImage:
    """The picture in a JPEG or PNG file, in colours or in greys; a null one where it is none.

    By a reader, which lets other threads run meanwhile: QImage.fromData keeps Python to itself as
    long as it decodes, and the main thread waits for it at each of its own calls. The reader holds
    a lock that all of Qt's readers share as it begins, and must not wait for Python then: a QBuffer
    made here would (Python could have overridden it), the one inside a QDataStream does not.
    """
    stream = QDataStream(QByteArray(picture))
    named = b"png" if picture[:4] == b"\x89PNG" else b"jpg"
    reader = QImageReader(stream.device(), QByteArray(named))
    reader.setDecideFormatFromContent(False)  # nor ask every format in turn under that lock
    wanted = QImage.Format.Format_Grayscale8 if greys else QImage.Format.Format_RGB32
    return reader.read().convertToFormat(wanted)


def begun(picture: bytes, greys: bool = False) -> QImage | bytes:
    """As far as it can be decoded here, on another thread than the main one."""
    return decoded(picture, greys) if BESIDE else picture


def finished(picture: QImage | bytes, greys: bool = False) -> QImage:
    """What was begun elsewhere, decoded on the main thread if it is not yet."""
    return decoded(picture, greys) if isinstance(picture, bytes) else picture

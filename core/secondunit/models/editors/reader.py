"""What prepares pictures and words for a reader that looks at both.

The library's own does the same for films too, for which it asks for a package more; here there are
stills only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PICTURE = "<|image_pad|>"


@dataclass(frozen=True)
class PicturesAndWords:
    """Called as the library's own is: texts with a mark for each picture, and the pictures."""

    images: Any
    tokenizer: Any

    @classmethod
    def load(cls, folder: Path, tokenizer: Any) -> PicturesAndWords:
        """Raises OSError and ValueError for what cannot be read."""
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
            Qwen2VLImageProcessorPil,
        )

        images = Qwen2VLImageProcessorPil.from_pretrained(folder, local_files_only=True)
        return cls(images, tokenizer)

    def __call__(
        self, text: Sequence[str], images: Sequence[Any] | None = None, **told: Any
    ) -> Any:
        """Each mark grows to as many as the reader sees cells of that picture."""
        from transformers import BatchFeature

        seen = self.images(images=list(images), return_tensors="pt") if images else {}
        texts = [self._marked(each, seen.get("image_grid_thw", ())) for each in text]
        return BatchFeature({**self.tokenizer(texts, **told), **seen}, tensor_type="pt")

    def _marked(self, text: str, grids: Any) -> str:
        parts = text.split(_PICTURE)
        cells = [int(grid.prod()) // self.images.merge_size**2 for grid in grids]
        marks = [_PICTURE * count for count in cells]
        return parts[0] + "".join(m + p for m, p in zip(marks, parts[1:], strict=True))

"""What was encoded once is not encoded again: team, topic and priority are learned from the same texts.

Reads numpy, so it is imported only where something is learned or asked. Not safe for several threads at once.
"""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.encoders import Encoder

Floats = npt.NDArray[np.float32]
_KEPT_MAX = 4096


class Remembering:
    """An encoder that keeps the vectors of the latest texts; the same in all else."""

    def __init__(self, encoder: Encoder) -> None:
        self.id, self.version, self.size = encoder.id, encoder.version, encoder.size
        self._encoder = encoder
        self._kept: OrderedDict[str, Floats] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Floats:
        """As the encoder says; only texts not seen lately cost anything."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._kept))
        fresh = dict(zip(missing, self._encoder.encode(missing), strict=True)) if missing else {}
        rows = [fresh[text] if text in fresh else self._kept[text] for text in texts]
        self._kept.update(fresh)
        while len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return np.stack(rows) if rows else np.zeros((0, self.size), np.float32)

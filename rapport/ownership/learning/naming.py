"""Names of labels, drawn towards the messages they attract: what people here say when they mean that.

A name is short and says what it is in the company's words; messages nobody decided say it in theirs. Each message pulls
at the names it is likest, by how much likelier they are than the others, and each name stays partly where it was. A few
rounds of it are the mean-shift of a mixture whose centres are the names (expectation and maximisation).
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.calibration import softmax
from rapport.ownership.learning.encoders import PARTS, shared
from rapport.ownership.learning.points import Blend, Points

Floats = npt.NDArray[np.float32]
HEAT, ANCHOR, ROUNDS = 20.0, 10.0, 4
"""How sharply a message decides, how many messages a name outweighs, and how often. A heat from 12 to 25 and an anchor
from 3 on do nearly as well."""
_PULLS_LEAST = 0.05


def drawn(names: Points, heard: Points, blend: Blend) -> Points:
    """The names where the messages `heard` have drawn them, by likeness as `blend` sees it."""
    now = names
    for _ in range(ROUNDS):
        pull = softmax(blend.likeness(heard, now).astype(np.float64) * HEAT)
        now = _moved(names, heard, pull.astype(np.float32))
    return now


def _moved(names: Points, heard: Points, pull: Floats) -> Points:
    from scipy.sparse import csr_matrix, diags

    dense = {
        name: shared(ANCHOR * rows + pull.T @ heard.dense[name], PARTS.get(name, (1.0,)))
        for name, rows in names.dense.items()
    }
    few = csr_matrix(np.where(pull >= _PULLS_LEAST, pull, 0))
    words = (names.words * np.float32(ANCHOR) + few.T @ heard.words).tocsr()
    lengths = np.sqrt(np.asarray(words.multiply(words).sum(1)).ravel())
    words = (diags(1 / np.maximum(lengths, 1e-9)) @ words).astype(np.float32).tocsr()
    return replace(names, words=words, dense=dense)

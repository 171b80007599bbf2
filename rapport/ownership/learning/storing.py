"""A model as bytes and back: arrays and JSON, nothing that could run. What cannot be read is refused, with why."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from rapport.core.errors import Invalid
from rapport.ownership.learning.calibration import Logistic, Trade
from rapport.ownership.learning.hashing import BUCKETS
from rapport.ownership.learning.judging import Judge
from rapport.ownership.learning.machine import Machine, Recalled
from rapport.ownership.learning.model import Model
from rapport.ownership.learning.points import Blend, Points, Space
from rapport.ownership.learning.unseen import Unseen

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
else:
    csr_matrix = Any

FORMAT = 2
_BYTES_MAX = 2_000_000_000
_HINT = "Learn anew: the examples are all still there."


def to_bytes(model: Model) -> bytes:
    """The model, with the ids of its examples and the encoders (id: version) that made its vectors; no texts."""
    arrays: dict[str, Any] = {"rarity": model.space.rarity, "fact_rarity": model.space.fact_rarity}
    arrays |= {f"centre:{name}": centre for name, centre in model.space.centres.items()}
    meta: dict[str, Any] = {
        "format": FORMAT, "labels": model.labels, "ids": model.ids, "chosen": model.chosen_labels,
        "encoders": dict(model.encoders), "judge": asdict(model.judge), "trade": asdict(model.trade),
        "trades": {label: asdict(trade) for label, trade in model.trades.items()}, "machines": [],
    }  # fmt: skip
    for name, machine in (("machine", model.machine), ("everywhere", model.everywhere)):
        if machine is not None:
            arrays |= _machine_arrays(name, machine, shared=name != "machine")
            blend = {"weights": dict(machine.blend.weights), "sharpness": machine.blend.sharpness}
            power = {"power": machine.recalled.power} if machine.recalled else {}
            meta["machines"].append({"name": name, **blend, **power})
    if model.outcomes:
        arrays["said"], arrays["right"] = model.outcomes
    if model.guessed:
        arrays["guessed"], arrays["true"] = model.guessed
    if model.unseen:
        arrays["unseen_sure"], arrays["unseen_guessed"] = model.unseen.sure, model.unseen.guessed
        meta["unseen_share"] = model.unseen.share
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def from_bytes(data: bytes, encoders: Mapping[str, str] | None = None) -> Model:
    """The model that these bytes are. With `encoders` (id: version), one that others made is refused."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if sum(one.file_size for one in file.zip.infolist()) > _BYTES_MAX:
                raise Invalid("The model is larger than any that is written here.", _HINT)
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays["meta"].tobytes())
        if meta["format"] != FORMAT:
            raise Invalid(f"The model has format {meta['format']}, and this version reads {FORMAT}.", _HINT)
        if encoders is not None and dict(meta["encoders"]) != dict(encoders):
            raise Invalid("The model was made with other encoders than those installed here.", _HINT)
        return _model(arrays, meta)
    except (KeyError, TypeError, ValueError, IndexError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise Invalid("These bytes are no model.", _HINT) from error


def _model(arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> Model:
    centres = {name.removeprefix("centre:"): array for name, array in arrays.items() if name.startswith("centre:")}
    machines = {one["name"]: _machine(arrays, one) for one in meta["machines"]}
    judge = {**meta["judge"]} | {part: _logistic(meta["judge"][part]) for part in ("confidence", "gate")}
    return Model(
        tuple(meta["labels"]), Space(arrays["rarity"], arrays["fact_rarity"], centres), machines["machine"],
        machines.get("everywhere"), Judge(**judge), tuple(meta["ids"]), tuple(meta["chosen"]), meta["encoders"],
        Trade(**meta["trade"]), {label: Trade(**trade) for label, trade in meta["trades"].items()},
        (arrays["said"], arrays["right"]) if "said" in arrays else None,
        (arrays["guessed"], arrays["true"]) if "guessed" in arrays else None,
        Unseen(arrays["unseen_sure"], arrays["unseen_guessed"], float(meta["unseen_share"]))
        if "unseen_sure" in arrays else None,
    )  # fmt: skip


def _logistic(found: Mapping[str, Any] | None) -> Logistic | None:
    if found is None:
        return None
    return Logistic(tuple(found["weights"]), found["offset"], tuple(found["mean"]), tuple(found["scale"]))


def _machine_arrays(name: str, machine: Machine, shared: bool) -> dict[str, Any]:
    found: dict[str, Any] = {f"{name}:weights": machine.weights, f"{name}:prior": machine.prior}
    found[f"{name}:rows"] = machine.rows
    if machine.recalled:
        found |= {f"{name}:places": machine.recalled.places, f"{name}:recalled": machine.recalled.weights}
    if not shared:
        for block, matrix in (("words", machine.landmarks.words), ("facts", machine.landmarks.facts)):
            found |= {f"{block}:data": matrix.data, f"{block}:indices": matrix.indices, f"{block}:ends": matrix.indptr}
        found |= {f"dense:{one}": matrix.astype(np.float16) for one, matrix in machine.landmarks.dense.items()}
    return found


def _machine(arrays: Mapping[str, Any], told: Mapping[str, Any]) -> Machine:
    """Both machines stand on the same landmarks, which are written once."""
    name = told["name"]
    rows = arrays[f"{name}:rows"]
    dense = {key.removeprefix("dense:"): arrays[key].astype(np.float32) for key in arrays if key.startswith("dense:")}
    landmarks = Points(_sparse(arrays, "words", len(rows)), _sparse(arrays, "facts", len(rows)), dense)
    blend = Blend({str(key): float(value) for key, value in told["weights"].items()}, float(told["sharpness"]))
    recalled = None
    if "power" in told:
        recalled = Recalled(arrays[f"{name}:places"], arrays[f"{name}:recalled"], float(told["power"]))
    return Machine(blend, landmarks, rows, arrays[f"{name}:weights"], arrays[f"{name}:prior"], recalled)


def _sparse(arrays: Mapping[str, Any], block: str, rows: int) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    parts = (arrays[f"{block}:data"], arrays[f"{block}:indices"], arrays[f"{block}:ends"])
    matrix = csr_matrix(parts, shape=(rows, BUCKETS))
    matrix.check_format(full_check=True)
    return matrix

"""The table of what learning should reach: `python benchmarks/routing.py SHARED_DATA FOLDER` prints it as Markdown.

Makes files for `rapport bench routing` of two public sets of short requests in FOLDER, and runs that command on them.
The test parts are the sets' validation parts; what was chosen after looking at them is said in the results.
"""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

Pairs = list[tuple[str, str | None]]
WANTED = {
    "banking77": [("accuracy", ">=", 0.943), ("ece", "<=", 0.02), ("coverage_at_95", ">=", 0.97),
                  ("precision_at_95", ">=", 0.95), ("predict_ms_p99", "<=", 10), ("predict_ms_cpu_p99", "<=", 10),
                  ("correct_ms_p99", "<=", 10), ("correct_ms_cpu_p99", "<=", 10), ("shown_at_once", ">=", 1),
                  ("batch_per_s", ">=", 500), ("batch_per_cpu_s", ">=", 500)],
    "banking77, 10 each": [("accuracy", ">=", 0.87)],
    "banking77, 5 each": [("accuracy", ">=", 0.80)],
    "banking77, names only": [("accuracy", ">=", 0.62)],
    "clinc150": [("accuracy", ">=", 0.96), ("auroc", ">=", 0.98), ("oos_recall", ">=", 0.85),
                 ("accuracy_with_reject", ">=", 0.945), ("ece", "<=", 0.02)],
    "banking77, as decisions come": [("stream_51_200", ">=", 0.61), ("stream_201_1000", ">=", 0.78),
                                     ("precision_at_95", ">=", 0.94)],
}  # fmt: skip


def main(data: Path, folder: Path, only: str = "") -> None:
    """Print one line a figure: reached, wanted, and whether."""
    folder.mkdir(parents=True, exist_ok=True)
    _banking(data / "intents-banking77", folder)
    _clinc(data / "intents-clinc150", folder)
    print("| set | measure | reached | wanted | |\n| --- | --- | --- | --- | --- |")
    for name, arguments in _runs(folder).items():
        if only in name:
            found = _measured(arguments)
            for measure, sign, wanted in WANTED[name]:
                kept = found[measure] >= wanted if sign == ">=" else found[measure] <= wanted
                print(
                    f"| {name} | {measure} | {found[measure]} | {sign} {wanted} | {'yes' if kept else 'no'} |",
                    flush=True,
                )


def _runs(folder: Path) -> dict[str, list[str]]:
    test = str(folder / "b77_valid.jsonl")
    return {
        "banking77": ["--train", str(folder / "b77_train.jsonl"), "--test", test],
        "banking77, 10 each": ["--train", str(folder / "b77_train_10.jsonl"), "--test", test],
        "banking77, 5 each": ["--train", str(folder / "b77_train_5.jsonl"), "--test", test],
        "banking77, names only": ["--train", str(folder / "b77_train.jsonl"), "--test", test, "--names-only"],
        "clinc150": ["--train", str(folder / "clinc_train.jsonl"), "--test", str(folder / "clinc_val.jsonl")],
        "banking77, as decisions come": [
            "--train", str(folder / "b77_names.jsonl"), "--test", str(folder / "b77_stream.jsonl"),
            "--names-only", "--stream",
        ],
    }  # fmt: skip


def _measured(arguments: Sequence[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "rapport.cli.main", "bench", "routing", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stdout.splitlines()[-1], file=sys.stderr, flush=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _banking(source: Path, folder: Path) -> None:
    for part in ("train", "train_10", "train_5", "valid"):
        texts, labels = ((source / part / file).read_text("utf-8").splitlines() for file in ("seq.in", "label"))
        pairs: Pairs = list(zip(texts, labels, strict=True))
        _write(folder / f"b77_{part}.jsonl", pairs)
        if part == "train":
            mixed = random.Random(1).sample(pairs, 1_500)
            _write(folder / "b77_stream.jsonl", mixed)
            names = [{"names": {label: label.replace("_", " ") for label in sorted(set(labels))}}]
            (folder / "b77_names.jsonl").write_text("".join(json.dumps(one) + "\n" for one in names), "utf-8")


def _clinc(source: Path, folder: Path) -> None:
    whole = json.loads((source / "clinc150.json").read_text("utf-8"))
    for part in ("train", "val"):
        ours: Pairs = [(text, label) for text, label in whole[part]]
        _write(folder / f"clinc_{part}.jsonl", ours + [(text, None) for text, _ in whole[f"oos_{part}"]])


def _write(path: Path, pairs: Pairs) -> None:
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in pairs), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")

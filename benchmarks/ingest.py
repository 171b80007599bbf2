"""The standard library's parser and Rapport's whole pipeline on the same mails, one JSON line each.

    .venv/bin/python benchmarks/ingest.py MBOX [--preload N]

The parser only parses (headers, bodies decoded to text); the pipeline also knows people, threads, decides, stores,
indexes for search and logs, and its figure includes PostgreSQL.
"""

import json
import resource
import subprocess
import sys
from email import message_from_bytes, policy
from email.policy import Policy
from pathlib import Path

from rapport.channels.kinds.email.mbox import read_mbox


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def parse(mails: list[bytes], chosen: Policy) -> dict[str, object]:
    """Parse every mail with the standard library; what it cannot take is counted."""
    failed, begin = 0, cpu_s()
    for raw in mails:
        try:
            message = message_from_bytes(raw, policy=chosen)
            [str(message.get(name)) for name in ("From", "To", "Subject", "Date", "Message-ID", "References")]
        except Exception:  # whatever it is, a mail was lost by it
            failed += 1
    spent = (cpu_s() - begin) * 1000 / len(mails)
    return {
        "program": f"email, {type(chosen).__name__}",
        "cpu_s_per_1000_total": round(spent, 3),
        "failed": failed,
    }


def main() -> None:
    """Measure all three, the pipeline last."""
    mails = [raw for _, raw in read_mbox(Path(sys.argv[1]))]
    for chosen in (policy.compat32, policy.default):
        print(json.dumps(parse(mails, chosen)), flush=True)
    command = [sys.executable, "-m", "rapport.cli.main", "bench", "ingest", *sys.argv[1:]]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
    print(json.dumps({"program": "rapport bench ingest", **json.loads(line)}), flush=True)


if __name__ == "__main__":
    main()

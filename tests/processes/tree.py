"""Run by tests in a process of its own: a supervisor over small scripts instead of Rapport's own commands."""

import sys
from pathlib import Path

from rapport.cli import processes
from rapport.core.postgres import EmbeddedPostgres

SLEEPER = "import os, sys, time; os.write(1, f'child {os.getpid()}\\n'.encode()); time.sleep(600)"
CRASHER = "import os; os.write(1, f'crash {os.getpid()}\\n'.encode()); os._exit(3)"
FINISHER = "import os; os.write(1, f'finish {os.getpid()}\\n'.encode())"
STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " os.write(1, f'stubborn {os.getpid()}\\n'.encode()); time.sleep(600)"
)


def main() -> None:
    # The scripts stand in for `rapport web` and the like.
    processes.command = lambda arguments: [sys.executable, "-c", *arguments]
    processes.STOP_PATIENCE_S = 1.0
    database = EmbeddedPostgres(Path(sys.argv[1]))
    database.start()
    sys.stdout.write(f"postgres {database.pid}\n")
    sys.stdout.flush()
    scripts = {"sleeper": SLEEPER, "crasher": CRASHER, "stubborn": STUBBORN}
    children = [processes.Child(name, [script]) for name, script in scripts.items()]
    children.append(processes.Child("finisher", [FINISHER], once=True))

    def announce() -> None:
        with open("/proc/self/status", encoding="ascii") as status:
            resident = next(line.split()[1] for line in status if line.startswith("VmRSS"))
        sys.stdout.write(f"ready {resident} {'django' in sys.modules}\n")
        sys.stdout.flush()

    processes.Tree(children, database, healthy=lambda: True, announce=announce).run()
    sys.stdout.write("stopped\n")


if __name__ == "__main__":
    main()

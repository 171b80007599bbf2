"""`python -m rapport.channels.testing KIND [FOLDER]`: run the contract tests of one kind."""

import sys


def main(arguments: list[str]) -> int:
    """Run pytest on the tests whose names hold the kind, in FOLDER (default: tests)."""
    import pytest

    if not arguments or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m rapport.channels.testing KIND [FOLDER]\n")
        return 2
    kind, folder = arguments[0], (arguments[1:] or ["tests"])[0]
    return int(pytest.main([folder, "-k", f"{kind} and contract", "-v"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The house keeps its order: who imports whom, whose tables point where, small files, nothing that runs unseen."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import ForeignKey, ManyToManyField
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINES_MAX = 400
FUNCTION_LINES_MAX = 60
PARAMETERS_MAX = 6


def sources() -> list[Path]:
    """Every module of ours; migrations are written by a machine."""
    return sorted(p for p in (ROOT / "rapport").rglob("*.py") if "migrations" not in p.parts)


def contracts() -> list[dict[str, list[str]]]:
    found: list[dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return found


def layers() -> list[str]:
    """From the top of the house to its ground."""
    return next(contract["layers"] for contract in contracts() if "layers" in contract)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def nodes(kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[tuple[Path, ast.AST]]:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield path, node


def test_the_contracts_of_imports_are_kept() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_every_package_has_its_floor_in_the_house() -> None:
    packages = {f"rapport.{p.parent.name}" for p in (ROOT / "rapport").glob("*/__init__.py")}
    assert packages == set(layers())


def test_tables_point_only_downwards() -> None:
    floor = {name: number for number, name in enumerate(layers())}
    upwards = [
        f"{model.__name__}.{field.name} -> {field.related_model.__name__}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey | ManyToManyField)
        and (here := house_of(model)) in floor
        and (there := house_of(field.related_model)) in floor
        and floor[there] < floor[here]
    ]
    assert upwards == []


def house_of(model: object) -> str:
    return ".".join(getattr(model, "__module__", "").split(".")[:2])


@pytest.mark.django_db
def test_no_model_was_changed_without_a_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_files_are_small() -> None:
    long = {named(p): n for p in sources() if (n := len(p.read_text(encoding="utf-8").splitlines())) > LINES_MAX}
    assert long == {}


def test_functions_are_small_and_take_few_things() -> None:
    large = []
    for path, node in nodes((ast.FunctionDef, ast.AsyncFunctionDef)):
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        taken = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in ("self", "cls")]
        if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX or len(taken) > PARAMETERS_MAX:
            large.append(f"{named(path)}:{node.lineno} {node.name}")
    assert large == []


def test_nothing_runs_unseen() -> None:
    """No signals, no `save` or `delete` of ours: what should happen is called."""
    hidden = []
    for path, node in nodes((ast.ImportFrom, ast.ClassDef)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            ("django.dispatch", "django.db.models.signals")
        ):
            hidden.append(f"{named(path)}:{node.lineno} imports {node.module}")
        if isinstance(node, ast.ClassDef) and path.name == "models.py":
            own = {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
            hidden += [f"{named(path)} {node.name}.{name}" for name in own & {"save", "delete", "clean", "full_clean"}]
    assert hidden == []


def test_no_test_lets_a_page_evaluate_a_text_by_itself() -> None:
    """Our pages forbid that (CSP): Playwright's own wait is let through once, and then fails if it must look again."""
    looked = [path for path in (ROOT / "tests" / "browser").rglob("*.py") if "evaluate" in path.read_text("utf-8")]
    assert len(looked) > 10
    assert [named(path) for path in looked if re.search(r"\.wait_for_function\(", path.read_text("utf-8"))] == []


def test_only_the_clock_asks_what_time_it_is() -> None:
    """Except for commands: some compare our clock with others'."""
    asked = [
        f"{named(path)}:{node.lineno}"
        for path, node in nodes(ast.Attribute)
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date", "timezone")
        and path.name != "clock.py"
        and not path.is_relative_to(ROOT / "rapport" / "cli")
    ]
    assert asked == []


def test_every_public_function_says_what_it_does() -> None:
    silent = []
    for path in sources():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_"
            if public and not ast.get_docstring(node) and not config(node):
                silent.append(f"{named(path)}:{node.lineno} {node.name}")
    assert silent == []


def config(node: ast.AST) -> bool:
    """Django's registration of a package says all in its name."""
    return isinstance(node, ast.ClassDef) and node.name.endswith("Config")


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        named(path)
        for path in sources()
        if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize("lock", ["base", "dev"])
def test_a_lock_names_the_extras_that_other_packages_ask_for(lock: str) -> None:
    """Older pip takes the newest release for `name[extra]` where only `name` is locked, and stops at its hash."""
    lines = (ROOT / "requirements" / f"{lock}.lock").read_text().splitlines()
    locked = {canonicalize_name(one.name): one for one in map(_requirement, lines) if one is not None}
    missing = []
    for package in [Requirement("rapport-hub"), *locked.values()]:
        try:
            asked = requires(package.name) or []
        except PackageNotFoundError:  # for another system
            continue
        for one in map(Requirement, asked):
            held = locked.get(canonicalize_name(one.name))
            wanted = one.marker is None or any(one.marker.evaluate({"extra": e}) for e in {"", *package.extras})
            if wanted and held is not None and not one.extras <= held.extras:
                missing.append(f"{package.name} asks for {one}")
    assert not missing


def _requirement(line: str) -> Requirement | None:
    found = re.match(r"[a-zA-Z0-9][^=]*==[^ ;]+", line)
    return Requirement(found.group(0)) if found else None

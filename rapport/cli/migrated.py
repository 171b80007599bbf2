"""Which version the database is of: migrations as "app.name"."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from rapport.core.errors import RapportError

if TYPE_CHECKING:
    from django.db.migrations.executor import MigrationExecutor


def pending_migrations() -> list[str]:
    """What was not applied yet, in order."""
    executor = _executor()
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def require_migrated() -> None:
    """Raise RapportError when the database is not of this version."""
    if pending_migrations():
        raise RapportError(
            "The database is not up to date with this version.", "Run `rapport migrate` first."
        )


def applied_migrations() -> set[str]:
    """What was applied."""
    return {f"{app}.{name}" for app, name in _executor().loader.applied_migrations}


def known_migrations() -> set[str]:
    """What this version can apply."""
    return {f"{app}.{name}" for app, name in _executor().loader.graph.nodes}


def migrate_to(names: Collection[str]) -> None:
    """Bring an empty database to the version that has exactly these migrations."""
    executor = _executor()
    wanted = {(app, name) for app, _, name in (one.partition(".") for one in names)}
    nodes = executor.loader.graph.node_map
    # Only each app's last one: a target with an applied successor would be migrated back to.
    executor.migrate(
        [
            one
            for one in sorted(wanted)
            if not wanted & {c.key for c in nodes[one].children if c.key[0] == one[0]}
        ]
    )


def _executor() -> "MigrationExecutor":
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    return MigrationExecutor(connection)

"""Whether the database is of this version."""

from rapport.core.errors import RapportError


def pending_migrations() -> list[str]:
    """The migrations that were not applied yet, as "app.name"."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def require_migrated() -> None:
    """Raise RapportError when the database is not of this version."""
    if pending_migrations():
        raise RapportError(
            "The database is not up to date with this version.", "Run `rapport migrate` first."
        )

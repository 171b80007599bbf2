"""How the embedded server is run: its memory, its log, and who may connect.

All of it is given anew at every start, from files the server's user may read and not write; the data folder
holds data.
"""

import os
from pathlib import Path

from rapport.core.postgres.place import Place, own_name

ROLE = "rapport"
DATABASE = "rapport"
SUPERUSER = "postgres"

#: For a small machine: the whole server idles below 30 MB, and takes what it needs under load.
SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "superuser_reserved_connections": "2",
    "shared_buffers": "48MB",
    "huge_pages": "off",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "1",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # No replica hangs on an embedded server; minimal spares the log of bulk loads.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "30s",
    "log_min_messages": "warning",
    "log_startup_progress_interval": "5s",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",
    "cluster_name": "rapport",
    "restart_after_crash": "on",
}


def server_arguments(place: Place, *, major: int, lz4: bool) -> list[str]:
    """The arguments of `postgres` for this place."""
    settings = {
        **SETTINGS,
        "unix_socket_directories": str(place.sockets),
        "hba_file": str(place.config / "pg_hba.conf"),
        "ident_file": str(place.config / "pg_ident.conf"),
    }
    if major >= 18:
        # The default keeps three I/O workers in memory for reads that a small machine serves from its cache.
        settings["io_method"] = "sync"
    if lz4:
        settings |= {"default_toast_compression": "lz4", "wal_compression": "lz4"}
    arguments = ["-D", str(place.data)]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    return arguments


def write_access(place: Place) -> None:
    """Who may connect: our user as the application role, the server's user as superuser, by the socket only.

    The kernel says who is at the other end of a socket (peer), so there is no password that could leak.
    """
    mode = 0o755 if place.user else 0o700
    place.config.mkdir(mode=mode, exist_ok=True)
    place.config.chmod(mode)
    hba = f"local all {ROLE} peer map=rapport\nlocal all {SUPERUSER} peer map=rapport\nlocal all all reject\n"
    ident = f'rapport "{own_name()}" {ROLE}\nrapport "{place.server_name}" {SUPERUSER}\n'
    for name, text in (("pg_hba.conf", hba), ("pg_ident.conf", ident)):
        _replace(place.config / name, text, mode & 0o644)


def _replace(path: Path, text: str, mode: int) -> None:
    scratch = path.with_name(f"{path.name}.new")
    scratch.write_text(text, encoding="utf-8")
    scratch.chmod(mode)
    os.replace(scratch, path)

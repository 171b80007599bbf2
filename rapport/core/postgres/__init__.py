"""The embedded PostgreSQL: our own supervision around the binaries of a Python package.

binaries   where the programs are, and a copy a service user can run
place      which folders and which system user; what is written down about it in home
config     memory, write-ahead log, who may connect
cluster    initdb and the application role, all or nothing
processes  what a kill -9 leaves behind
launch     the few lines between us and the program: drop rights, die with the parent
server     EmbeddedPostgres, which puts these together
"""

from rapport.core.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]

"""An employee, whoever says so. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody as a directory names them; `id` is the directory's own, for ever. `active`: they (still) work here."""

    id: str
    name: str = ""
    given: str = ""
    family: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    role: str = ""
    department: str = ""
    manager: str = ""
    organization: str = ""
    language: str = ""
    time_zone: str = ""
    active: bool = True

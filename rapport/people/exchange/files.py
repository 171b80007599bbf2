"""A file of people, whichever kind it is: its columns, its records. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from rapport.core.errors import Invalid
from rapport.people.exchange import cards, sheets
from rapport.people.exchange.sheets import Layout, Record

CSV, VCARD = "csv", "vcard"
SAMPLES = 5


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of a file and how they are to be read."""

    data: bytes
    form: str
    layout: Layout

    def records(self) -> Iterator[Record]:
        """Every record, a bad one with what is wrong with it."""
        return cards.records(self.data, self.layout) if self.form == VCARD else sheets.records(self.data, self.layout)

    def samples(self) -> list[tuple[str, ...]]:
        """The cells of the first good records, to be shown."""
        return [one.cells for one in islice((one for one in self.records() if not one.wrong), SAMPLES)]


def opened(data: bytes, name: str = "", encoding: str = "", delimiter: str = "") -> File:
    """A file by its bytes; the name only helps. Raises Invalid where it is neither table nor vCards."""
    is_vcard = cards.looks_like_cards(data) or name.lower().endswith((".vcf", ".vcard"))
    try:
        if is_vcard:
            return File(data, VCARD, cards.layout_of(data, encoding))
        return File(data, CSV, sheets.layout_of(data, encoding, delimiter))
    except UnicodeError as error:
        raise Invalid(f"The file cannot be read: {error}", "Choose another encoding.") from error

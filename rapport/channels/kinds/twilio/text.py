"""How many segments a text message is billed as (3GPP TS 23.038): 160 characters of GSM-7, or 70 of UCS-2. Pure."""

from dataclasses import dataclass

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO = frozenset("\f^{}\\[~]|€")
_SINGLE = {"GSM-7": 160, "UCS-2": 70}
_JOINED = {"GSM-7": 153, "UCS-2": 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """A text as it goes over the air: `alphabet` is GSM-7, or UCS-2 where one character needs it."""

    count: int
    alphabet: str

    def __str__(self) -> str:
        """1 segment (GSM-7)."""
        return f"{self.count} {'segment' if self.count == 1 else 'segments'} ({self.alphabet})"


def segments(text: str) -> Segments:
    """Count them. No character is cut in two: neither an escaped one of GSM-7 nor a pair of UTF-16."""
    gsm = all(one in _GSM or one in _GSM_TWO for one in text)
    alphabet = "GSM-7" if gsm else "UCS-2"
    costs = [2 if (one in _GSM_TWO if gsm else one > "\uffff") else 1 for one in text]
    if sum(costs) <= _SINGLE[alphabet]:
        return Segments(1, alphabet)
    count, filled = 1, 0
    for cost in costs:
        if filled + cost > _JOINED[alphabet]:
            count, filled = count + 1, 0
        filled += cost
    return Segments(count, alphabet)

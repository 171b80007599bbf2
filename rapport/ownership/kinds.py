"""What is learned: the owner's team, the topic and the priority, from what everybody may see or in one team. Pure."""

from dataclasses import dataclass
from uuid import UUID

TEAM, TOPIC, PRIORITY = "team", "topic", "priority"
KINDS = (TEAM, TOPIC, PRIORITY)


def cases_in_words(probability: float) -> str:
    """Why what was learned gave it to a team, as a clause of its reason; `web.reasons` knows it in all languages."""
    return f"in {probability * 100:.0f} of 100 cases like it people gave it to this team"


@dataclass(frozen=True, slots=True)
class Slot:
    """One model: of a kind, and of what everybody may see, or of the conversations of one confidential team alone."""

    kind: str
    team: UUID | None = None

    @property
    def audience(self) -> list[UUID]:
        """As the row of its model has it."""
        return [self.team] if self.team else []


SHARED = tuple(Slot(kind) for kind in KINDS)
OF_A_TEAM = (TOPIC, PRIORITY)
"""What a confidential team may have a model of its own for: how it sorts within; whose it is stands fast."""

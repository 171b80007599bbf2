"""What an endpoint elsewhere said of one conversation, beside what was learned."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from rapport.conversations.models import Conversation
from rapport.ownership.second.models import Opinion, Stage
from rapport.web import locales


@dataclass(frozen=True)
class Elsewhere:
    """Who said it, where and when."""

    model: str
    host: str
    at: datetime | None


def opinions(found: Conversation, said: Collection[str]) -> list[tuple[str, str, str, Elsewhere]]:
    """By kind the label, how likely in words (empty while too little has come out), and who says so.

    Nothing of what is in confidence, nor of kinds that something else was said of (`said`).
    """
    if found.confidential:
        return []
    kept = Opinion.objects.filter(conversation_id=found.id, stage=Stage.ANSWERED).first()
    if kept is None:
        return []
    whose = Elsewhere(kept.model, kept.host, kept.asked_at)
    return [
        (kind, str(told["label"]), "" if told["probability"] is None else locales.likely(told["probability"]), whose)
        for kind, told in kept.said.items() if kind not in said
    ]  # fmt: skip

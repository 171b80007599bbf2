"""Django's registration of rapport.conversations."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "rapport.conversations"
    label = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Know how each verb is taken back."""
        from rapport.conversations import linking, merging, splitting  # noqa: F401  (they register their undoers)

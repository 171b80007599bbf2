"""Django's registration of rapport.ownership."""

from django.apps import AppConfig


class OwnershipConfig(AppConfig):
    name = "rapport.ownership"
    label = "ownership"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Know how giving is taken back."""
        from rapport.ownership import actions  # noqa: F401  (it registers its undoer)

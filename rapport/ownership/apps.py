"""Django's registration of rapport.ownership."""

from django.apps import AppConfig


class OwnershipConfig(AppConfig):
    name = "rapport.ownership"
    label = "ownership"
    default_auto_field = "django.db.models.BigAutoField"

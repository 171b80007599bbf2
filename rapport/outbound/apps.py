"""Django's registration of rapport.outbound."""

from django.apps import AppConfig


class OutboundConfig(AppConfig):
    name = "rapport.outbound"
    label = "outbound"
    default_auto_field = "django.db.models.BigAutoField"

"""Django's registration of rapport.inbound."""

from django.apps import AppConfig


class InboundConfig(AppConfig):
    name = "rapport.inbound"
    label = "inbound"
    default_auto_field = "django.db.models.BigAutoField"

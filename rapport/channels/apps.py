"""Django's registration of rapport.channels."""

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "rapport.channels"
    label = "channels"
    default_auto_field = "django.db.models.BigAutoField"

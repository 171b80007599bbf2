"""Django's registration of rapport.conversations."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "rapport.conversations"
    label = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

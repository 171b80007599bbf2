"""Django's registration of rapport.insight."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "rapport.insight"
    label = "insight"
    default_auto_field = "django.db.models.BigAutoField"

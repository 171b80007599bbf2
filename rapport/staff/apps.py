"""Django's registration of rapport.staff."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "rapport.staff"
    label = "staff"
    default_auto_field = "django.db.models.BigAutoField"

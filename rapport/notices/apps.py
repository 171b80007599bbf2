"""The Django application."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """What members are told."""

    name = "rapport.notices"

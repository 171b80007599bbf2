"""The pages."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages, their templates and their static files."""

    name = "rapport.web"
    label = "web"

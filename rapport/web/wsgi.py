"""The WSGI application of the pages."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
application = get_wsgi_application()

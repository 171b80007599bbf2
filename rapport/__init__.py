"""Rapport: an open-source engagement hub."""

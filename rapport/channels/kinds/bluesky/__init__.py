"""Bluesky: any account of the AT Protocol, with an app password."""

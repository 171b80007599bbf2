"""A policy tried on the past: replayed over what came, without doing anything."""

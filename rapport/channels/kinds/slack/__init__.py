"""Slack: a workspace in which an app of ours is spoken to."""

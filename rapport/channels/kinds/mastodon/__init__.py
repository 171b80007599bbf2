"""Mastodon and what speaks its API: mentions, direct messages, hashtags, searches, answers where they belong."""

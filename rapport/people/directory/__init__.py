"""The directory: lists of people and organizations, what narrows and orders them, and what members change in it."""

"""Within the team, tried on a month: who would have been given what by one way or another, and what came of it."""

"""What people did with a conversation `c`, as the database is asked: alike for trials and for replays. Pure."""

MOVED = """EXISTS (SELECT 1 FROM ownership_decision d WHERE d.conversation_id = c.id AND d.source = 'member'
    AND d.owner_team_id IS DISTINCT FROM d.from_team_id)"""
"""A member gave it to another team."""
SETTLED = f"(c.first_answered_at IS NOT NULL OR c.status = 'resolved' OR {MOVED})"
"""People dealt with it (answered, resolved or moved it), so that its owner is their choice."""

"""The teams a company begins with; all of them can be changed."""

from rapport.staff.models import Team

FIRST_TEAMS = (
    ("Customer Service", "customer-service", "Questions, complaints and requests of customers."),
    ("Marketing", "marketing", "What is said about us in public, and what we say."),
    ("Product", "product", "What people ask for, and what becomes of it."),
    ("HR", "hr", "Employees and those who would like to be; in confidence."),
    ("PR", "pr", "Journalists and everyone who writes for the public."),
    ("Partner Relations", "partner-relations", "Dealers, suppliers and other partners."),
    ("Analyst Relations", "analyst-relations", "Analysts who write about the industry."),
)
_IN_CONFIDENCE = "hr"


def make_first_teams() -> int:
    """Make the first teams in a company that has none; how many were made."""
    if Team.objects.exists():
        return 0
    return len(Team.objects.bulk_create(_team(*given) for given in FIRST_TEAMS))


def _team(name: str, slug: str, words: str) -> Team:
    secret = slug == _IN_CONFIDENCE
    return Team(name=name, slug=slug, description=words, is_open=not secret, confidential=secret)

"""Absences: kept by oneself and by leads, in half days of one's own zone, with the days on which nobody is there."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from rapport.core import scope
from rapport.core.models import Event
from rapport.insight.coverage import Gap, Part, gaps, halves, part_away, span_of
from rapport.staff.hours import make_hours
from rapport.staff.models import Absence, BusinessHours, Member, Membership
from tests.web.cast import Cast
from tests.web.conftest import SignIn

GIVEN = {
    "first": "2026-12-24", "first_part": "afternoon", "last": "2026-12-31", "last_part": "morning", "note": "Skiing",
}  # fmt: skip
WORK = make_hours("Europe/Berlin", [[day, "09:00", "17:00"] for day in range(5)])
BERLIN = ZoneInfo("Europe/Berlin")


def _form(member: Member) -> dict[str, str]:
    return {**GIVEN, "member": str(member.id)}


@pytest.mark.django_db
def test_a_member_keeps_their_own_absence_in_half_days_of_their_zone(cast: Cast, sign_in: SignIn) -> None:
    Member.objects.filter(id=cast.agent.id).update(time_zone="America/New_York")
    client = sign_in(cast.agent)
    assert client.post(reverse("absence_new"), _form(cast.agent)).status_code == 302
    found = Absence.objects.get()
    assert found.starts_at == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert found.ends_at == datetime(2026, 12, 31, 17, tzinfo=UTC)
    page = client.get(f"{reverse('absences')}?month=2026-12").content.decode()
    assert "Away in the afternoon" in page
    assert "Away in the morning" in page
    assert "Skiing" in page
    shown = client.get(reverse("absence", args=[found.id])).content.decode()
    assert 'value="2026-12-24"' in shown
    assert 'value="2026-12-31"' in shown
    assert shown.count("selected>From noon") == 1
    assert shown.count("selected>Noon") == 1
    client.post(reverse("absence", args=[found.id]), {**_form(cast.agent), "last": "2027-01-02", "last_part": "day"})
    assert Absence.objects.get().ends_at == datetime(2027, 1, 3, 5, tzinfo=UTC)
    client.post(reverse("absence_delete", args=[found.id]))
    assert not Absence.objects.exists()
    with scope.member(cast.agent.id):
        kinds = list(Event.objects.filter(kind__startswith="absence.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["absence.added", "absence.changed", "absence.removed"]


@pytest.mark.django_db
def test_others_absences_are_kept_by_leads_only_and_notes_are_not_shown_to_all(cast: Cast, sign_in: SignIn) -> None:
    url = reverse("absence_new")
    assert sign_in(cast.agent).post(url, _form(cast.lead)).status_code == 200
    assert not Absence.objects.exists()
    assert sign_in(cast.lead).post(url, _form(cast.agent)).status_code == 302
    found = Absence.objects.get()
    assert found.member == cast.agent
    seen = sign_in(cast.reader).get(f"{reverse('absences')}?month=2026-12").content.decode()
    assert "Ana Agent" in seen
    assert "Skiing" not in seen
    assert sign_in(cast.hr).get(reverse("absence", args=[found.id])).status_code == 403
    assert sign_in(cast.hr).post(reverse("absence_delete", args=[found.id])).status_code == 403
    Membership.objects.filter(member=cast.hr).update(is_lead=True)
    assert sign_in(cast.hr).post(reverse("absence_delete", args=[found.id])).status_code == 403
    assert Absence.objects.count() == 1
    assert sign_in(cast.hr).get(reverse("absence", args=[uuid4()])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [{"last": "2026-12-01"}, {"last": "2029-01-01"}, {"first": "x"}, {"member": str(uuid4())},
     {"last": "2026-12-24"}, {"first_part": "night"}],
)  # fmt: skip
def test_an_absence_that_makes_no_sense_is_kept_on_the_form_and_nowhere_else(
    change: dict[str, str], cast: Cast, sign_in: SignIn
) -> None:
    answer = sign_in(cast.lead).post(reverse("absence_new"), {**_form(cast.agent), **change})
    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert "Skiing" in answer.content.decode()
    assert not Absence.objects.exists()


@pytest.mark.django_db
def test_the_page_warns_of_days_without_anybody_and_of_holidays(cast: Cast, sign_in: SignIn) -> None:
    BusinessHours.objects.filter(id=cast.service.hours_id).update(
        blocks=[[day, "09:00", "17:00"] for day in range(7)], holidays="DE"
    )
    for member in (cast.agent, cast.lead, cast.admin):
        start, end = span_of(date(2026, 12, 24), Part.DAY, date(2026, 12, 24), Part.DAY, BERLIN)
        Absence.objects.create(member=member, starts_at=start, ends_at=end)
    page = sign_in(cast.reader).get(f"{reverse('absences')}?month=2026-12").content.decode()
    assert "Nobody in Customer Service on Thu 24 Dec." in page
    assert page.count("Nobody in") == 1
    assert "Closed: Customer Service" in page
    assert '<abbr title="Thu 24 Dec"><span class="calendar-day" aria-hidden="true">T</span>24</abbr>' in page
    assert sign_in(cast.reader).get(f"{reverse('absences')}?month=x").status_code == 400


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        ([("2026-12-24 00:00", "2026-12-25 00:00")], [Gap(date(2026, 12, 24), Part.DAY)]),
        ([("2026-12-24 00:00", "2026-12-24 12:00")], [Gap(date(2026, 12, 24), Part.MORNING)]),
        ([("2026-12-24 12:00", "2026-12-25 00:00")], [Gap(date(2026, 12, 24), Part.AFTERNOON)]),
        ([("2026-12-24 00:00", "2026-12-24 10:00"), ("2026-12-24 10:00", "2026-12-24 12:00")],
         [Gap(date(2026, 12, 24), Part.MORNING)]),
        ([("2026-12-24 00:00", "2026-12-24 11:00")], []),
        ([("2026-12-26 00:00", "2026-12-27 00:00")], []),
    ],
)  # fmt: skip
def test_gaps_are_where_all_are_away_while_the_team_is_open(away: list[tuple[str, str]], expected: list[Gap]) -> None:
    spans = [tuple(datetime.fromisoformat(t).replace(tzinfo=BERLIN).astimezone(UTC) for t in one) for one in away]
    days = [date(2026, 12, 20) + timedelta(days=n) for n in range(10)]
    one, other = uuid4(), uuid4()
    assert gaps(days, WORK, {one: spans}) == expected  # type: ignore[dict-item]
    assert gaps(days, WORK, {one: spans, other: []}) == []  # type: ignore[dict-item]
    assert gaps(days, WORK, {}) == []


@given(
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)), days=st.integers(0, 30),
    zone=st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo"]),
    starts=st.sampled_from([Part.DAY, Part.AFTERNOON]), ends=st.sampled_from([Part.DAY, Part.MORNING]),
)  # fmt: skip
def test_what_is_entered_is_what_the_calendar_shows(
    first: date, days: int, zone: str, starts: Part, ends: Part
) -> None:
    last, here = first + timedelta(days=days), ZoneInfo(zone)
    span = span_of(first, starts, last, ends, here)
    if span[0] >= span[1]:
        assert (days, starts, ends) == (0, Part.AFTERNOON, Part.MORNING)
        return
    shown = [part_away(first + timedelta(days=n), here, [span]) for n in range(-1, days + 2)]
    assert shown[0] is None
    assert shown[-1] is None
    assert all(part == Part.DAY for part in shown[2:-2])
    morning, afternoon = halves(first, here)
    assert morning[1] == afternoon[0]
    if days:
        assert (shown[1], shown[-2]) == (starts, ends)

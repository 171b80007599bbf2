"""What pictures of ownership are made of: counts of seven kinds, from one pass over rows of `Routed`.

The same SQL counts them for a page, for the sums of closed days and for the comparison of these with the truth. A cell
has a kind and up to five keys: `owner_id`, `other_id`, `number`, `rule`, `flag`.
"""

from rapport.insight.sources import OVERRULED_SQL, WAY_SQL

WAY, FIRST, MOVED, CHANNEL, TOPIC, TIME, SURE = range(1, 8)
"""By owner and way (`number`); what was first whose, by which rule and in which way, and whether it was overruled
(`flag`); what was overruled, from `other_id` to `owner_id`; by owner and channel, or topic; by half hour (`number`) and
whether it went to triage; by the tenth of the likelihood of a suggestion and whether people settled on it.
"""
SLOT_S = 1800
"""Cells of time are half hours: in nearly all zones an hour of the clock is two of them."""
KEYS = "kind, owner_id, other_id, number, rule, flag"
COLUMNS = """r.at, r.version, r.rule, r.team_id, r.said_team_id, r.likely, r.acted, r.moved, r.dealt, r.owner_team_id,
    r.channel_id, r.topic_id, r.audience"""

_TRIAGED = "r.rule IS NULL AND NOT r.acted"
_SLOT = "floor(date_part('epoch', r.at) / {slot_s})::int"
_TENTH = "CASE WHEN r.likely IS NOT NULL AND (r.dealt OR r.moved) THEN least(9, floor(r.likely * 10))::int END"
_AGREED = "coalesce(r.said_team_id = r.owner_team_id, false)"
_GROUPS = (
    "owner_id, way", "known, way, first_id, overruled", "o_known, o_way, o_first, o_owner", "owner_id, channel_id",
    "owner_id, topic_id", "slot, triaged", "tenth, agreed",
)  # fmt: skip


def cells(rows: str, *, audience: bool = False) -> str:
    """SQL of the cells of `rows`: a select of COLUMNS and `sign`. With `audience`: apart by it, as the first column."""
    extra = "audience, " if audience else ""
    groups = ", ".join(f"({extra}{group})" for group in _GROUPS)
    # What is not overruled would be a cell of its own for each owner: all of it is one, which is left out.
    return f"""SELECT {extra}kind, owner_id, other_id, number, rule, flag, n FROM (
        SELECT {extra}CASE WHEN GROUPING(o_way) = 0 THEN {MOVED} WHEN GROUPING(overruled) = 0 THEN {FIRST}
                WHEN GROUPING(way) = 0 THEN {WAY} WHEN GROUPING(channel_id) = 0 THEN {CHANNEL}
                WHEN GROUPING(topic_id) = 0 THEN {TOPIC} WHEN GROUPING(slot) = 0 THEN {TIME} ELSE {SURE} END AS kind,
            coalesce(owner_id, o_owner) AS owner_id,
            coalesce(first_id, o_first, channel_id, topic_id) AS other_id,
            coalesce(way, o_way, slot, tenth) AS number, coalesce(known, o_known) AS rule,
            coalesce(overruled, triaged, agreed) AS flag, sum(sign)::int AS n
        FROM (SELECT *, CASE WHEN overruled THEN known END AS o_known, CASE WHEN overruled THEN way END AS o_way,
                CASE WHEN overruled THEN first_id END AS o_first, CASE WHEN overruled THEN owner_id END AS o_owner
            FROM (SELECT r.audience, r.sign, r.owner_team_id AS owner_id, r.team_id AS first_id, r.channel_id,
                r.topic_id,
                CASE WHEN r.rule IS NOT NULL THEN coalesce(u.told, 0) ELSE {WAY_SQL} END AS way, u.known,
                {OVERRULED_SQL} AS overruled, {_TRIAGED} AS triaged, {_SLOT.format(slot_s=SLOT_S)} AS slot,
                {_TENTH} AS tenth, {_AGREED} AS agreed
            FROM ({rows}) AS r LEFT JOIN insight_rule u ON u.version = r.version AND u.rule = r.rule) AS told) AS marked
        GROUP BY GROUPING SETS ({groups})) AS counted
    WHERE n <> 0 AND (number IS NOT NULL OR kind IN ({CHANNEL}, {TOPIC}))"""


def when_and_how_sure(where: str, slot_s: int | str) -> str:
    """SQL of the cells of TIME, of stretches of `slot_s` seconds, and of SURE, of the rows `r` of `Routed` of which
    `where` holds.
    """
    return f"""SELECT CASE WHEN GROUPING(slot) = 0 THEN {TIME} ELSE {SURE} END AS kind, NULL::uuid AS owner_id,
        NULL::uuid AS other_id, coalesce(slot, tenth) AS number, NULL::bigint AS rule,
        coalesce(triaged, agreed) AS flag, count(*)::int AS n
    FROM (SELECT {_SLOT.format(slot_s=slot_s)} AS slot, {_TRIAGED} AS triaged, {_TENTH} AS tenth, {_AGREED} AS agreed
        FROM insight_routed r WHERE r.counted AND {where}) AS told
    GROUP BY GROUPING SETS ((slot, triaged), (tenth, agreed)) HAVING coalesce(slot, tenth) IS NOT NULL"""

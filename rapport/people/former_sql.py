"""Whose people somebody was, who held the relationship, who might know of them, and what they and organizations were
to us, kept by triggers; used by a migration: what was run stays.

Only where one of these changes: mail that comes in writes nothing here, nor does the same transaction in which it makes
somebody and narrows who knows of them. Of who is erased nothing is written any more. It is seen by whoever sees the
person.
"""

from rapport.core import former_sql

MAKE = """
CREATE FUNCTION rapport_person_former() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO people_personformer (at, person_id, organization_id, holder_id, audience)
    VALUES (rapport_now(), OLD.id, OLD.organization_id, OLD.holder_id, OLD.audience);
    RETURN NULL;
END $$;
-- A person who was just met is told to everybody until it is decided who owns what they wrote: that is no history.
CREATE TRIGGER former_changed AFTER UPDATE OF organization_id, holder_id, audience ON people_person FOR EACH ROW
    WHEN ((OLD.organization_id, OLD.holder_id, OLD.audience)
            IS DISTINCT FROM (NEW.organization_id, NEW.holder_id, NEW.audience)
        AND NEW.erased_at IS NULL
        AND NOT (OLD.audience = '{00000000-0000-0000-0000-000000000001}' AND OLD.audience <> NEW.audience
            AND rapport_now() - OLD.created_at < interval '1 minute'))
    EXECUTE FUNCTION rapport_person_former();

ALTER TABLE people_personformer ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_personformer FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON people_personformer USING ((SELECT rapport_is_system())
    OR EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)) WITH CHECK (true);
"""
UNDO = """
DROP TRIGGER former_changed ON people_person; DROP FUNCTION rapport_person_former();
DROP POLICY wall ON people_personformer;
"""

#: What organizations are called; they are made and taken away with people, of which nothing is kept.
ORGANIZATIONS = former_sql.keep("people_organization", ["name", "domain"], events="")
NO_ORGANIZATIONS = former_sql.drop("people_organization")

_OF = {"people_relationship": "OLD.person_id, NULL", "people_organizationrelationship": "NULL, OLD.organization_id"}


def _relations(table: str, whose: str) -> str:
    """Keep what a relationship said until it was changed or taken away; that it was made stands in the row itself."""
    erased = """
    IF EXISTS (SELECT 1 FROM people_person WHERE id = OLD.person_id AND erased_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;"""
    return f"""
CREATE FUNCTION rapport_{table}_former() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN{erased if table == "people_relationship" else ""}
    INSERT INTO people_relationshipformer
        (at, relationship_id, person_id, organization_id, kind, since, until, created_at)
    VALUES (rapport_now(), OLD.id, {whose}, OLD.kind, OLD.since, OLD.until, OLD.created_at);
    RETURN NULL;
END $$;
CREATE TRIGGER former_kept AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION rapport_{table}_former();
CREATE TRIGGER former_changed AFTER UPDATE OF kind, since, until ON {table} FOR EACH ROW
    WHEN ((OLD.kind, OLD.since, OLD.until) IS DISTINCT FROM (NEW.kind, NEW.since, NEW.until))
    EXECUTE FUNCTION rapport_{table}_former();
"""


RELATIONS = "".join(_relations(table, whose) for table, whose in _OF.items()) + """
ALTER TABLE people_relationshipformer ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_relationshipformer FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON people_relationshipformer USING ((SELECT rapport_is_system())) WITH CHECK (true);
"""
NO_RELATIONS = "".join(
    f"DROP TRIGGER former_kept ON {table}; DROP TRIGGER former_changed ON {table};"
    f" DROP FUNCTION rapport_{table}_former();" for table in _OF
) + """
DROP POLICY wall ON people_relationshipformer;
"""

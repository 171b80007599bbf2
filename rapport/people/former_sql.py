"""Whose people somebody was and who held the relationship, kept by a trigger; used by a migration: what was run stays.

Only where one of the two changes: mail that comes in writes nothing here. Of who is erased nothing is written any more.
It is seen by whoever sees the person.
"""

from rapport.core import former_sql

MAKE = """
CREATE FUNCTION rapport_person_former() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO people_personformer (at, person_id, organization_id, holder_id)
    VALUES (rapport_now(), OLD.id, OLD.organization_id, OLD.holder_id);
    RETURN NULL;
END $$;
CREATE TRIGGER former_changed AFTER UPDATE OF organization_id, holder_id ON people_person FOR EACH ROW
    WHEN ((OLD.organization_id, OLD.holder_id) IS DISTINCT FROM (NEW.organization_id, NEW.holder_id)
        AND NEW.erased_at IS NULL)
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

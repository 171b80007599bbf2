"""What this service can do, and what its resources look like (RFC 7643, sections 5 to 7)."""

from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
COUNT_MAX = 200


def service_provider_config(base: str) -> dict[str, Any]:
    """Features."""
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": COUNT_MAX},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken", "name": "Bearer token", "primary": True,
                "description": "A key made by an administrator on the page about sign-in.",
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }  # fmt: skip


def resource_types(base: str) -> list[dict[str, Any]]:
    """Users and groups."""
    return [
        {
            "schemas": [f"{_CORE}ResourceType"], "id": name, "name": name, "endpoint": f"/{name}s", "schema": schema,
            "description": words,
            "schemaExtensions": [{"schema": ENTERPRISE, "required": False}] if schema == USER else [],
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
        }
        for name, schema, words in (("User", USER, "Members"), ("Group", GROUP, "Groups that give teams and roles"))
    ]  # fmt: skip


def schemas(base: str) -> list[dict[str, Any]]:
    """The attributes that are kept; others are accepted and left out."""
    user = [
        _attribute("userName", "The e-mail address to sign in with", required=True, uniqueness="server"),
        _attribute("name", "Parts of the name", "complex", subAttributes=[
            _attribute("formatted", "Whole"), _attribute("givenName", "First"), _attribute("familyName", "Last"),
        ]),
        _attribute("displayName", "The name as colleagues read it"),
        _attribute("active", "Whether they may sign in", "boolean"),
        _attribute("emails", "Addresses", "complex", multiValued=True, subAttributes=[
            _attribute("value", "Address"), _attribute("type", "Kind"), _attribute("primary", "The first", "boolean"),
        ]),
        _attribute("title", "What they do"),
        _attribute("preferredLanguage", "Language"),
        _attribute("locale", "Language, where no other is given"),
        _attribute("timezone", "Time zone"),
        _attribute("phoneNumbers", "Numbers", "complex", multiValued=True, subAttributes=[
            _attribute("value", "Number"), _attribute("type", "Kind"), _attribute("primary", "The first", "boolean"),
        ]),
        _attribute("groups", "Where they belong", "complex", multiValued=True, mutability="readOnly", subAttributes=[
            _attribute("value", "Id", mutability="readOnly"), _attribute("display", "Name", mutability="readOnly"),
            _attribute("$ref", "Address", "reference", mutability="readOnly", referenceTypes=["Group"]),
        ]),
    ]  # fmt: skip
    group = [
        _attribute("displayName", "The name of the group", required=True, uniqueness="server"),
        _attribute("members", "Who belongs", "complex", multiValued=True, subAttributes=[
            _attribute("value", "Id", mutability="immutable"),
            _attribute("$ref", "Address", "reference", mutability="immutable", referenceTypes=["User"]),
        ]),
    ]  # fmt: skip
    enterprise = [
        _attribute("department", "Department"), _attribute("organization", "Organization"),
        _attribute("manager", "Whom they answer to", "complex", subAttributes=[
            _attribute("value", "Id"), _attribute("displayName", "Name"),
        ]),
    ]  # fmt: skip
    return [
        _schema(base, USER, "User", user), _schema(base, GROUP, "Group", group),
        _schema(base, ENTERPRISE, "EnterpriseUser", enterprise),
    ]  # fmt: skip


def _schema(base: str, id: str, name: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}Schema"], "id": id, "name": name, "description": name, "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{id}"},
    }  # fmt: skip


def _attribute(name: str, words: str, type: str = "string", **more: Any) -> dict[str, Any]:
    usual = {
        "name": name, "type": type, "description": words, "multiValued": False, "required": False, "caseExact": False,
        "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    }  # fmt: skip
    return {**usual, **more}

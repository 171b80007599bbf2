"""The addresses under /scim/v2/: a directory with a key keeps members and groups up to date."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from rapport.api.scim import about, groups, users
from rapport.api.scim.employees import Employees, NoGroups
from rapport.api.scim.errors import ScimError
from rapport.api.scim.filters import FilterError, matches, read
from rapport.api.scim.patch import PatchError, applied
from rapport.core import scope
from rapport.staff import directory
from rapport.staff.models import ScimToken

BODY_MAX = 2 * 1024 * 1024
_TYPE = "application/scim+json"
_MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
_KINDS: Mapping[str, Any] = {"Users": users, "Groups": groups}
_View = Callable[..., HttpResponse]


def _scim(view: _View) -> _View:
    """Asks for the key, runs as the system in one transaction, answers errors as the RFC says."""

    def answered(request: HttpRequest, **named: str) -> HttpResponse:
        try:
            with scope.system():
                _key(request)
                return view(request, **named)
        except ScimError as error:
            return _error(error)
        except FilterError as error:
            return _error(ScimError(400, str(error), "invalidFilter"))
        except PatchError as error:
            return _error(ScimError(400, str(error), error.kind))

    answered.without_scope = True  # type: ignore[attr-defined]
    return csrf_exempt(answered)


def _key(request: HttpRequest) -> ScimToken:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    found = directory.token_of(secret.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise ScimError(401, "A key made on the page about sign-in is needed.")
    return found


def _kinds(request: HttpRequest) -> Mapping[str, Any]:
    """What the key may keep: members and groups, or employees who are no members."""
    key = _key(request)
    return {"Users": Employees(key), "Groups": NoGroups()} if key.people_only else _KINDS


@_scim
def collection(request: HttpRequest, kind: str) -> HttpResponse:
    """Search, and add."""
    module, base = _kinds(request)[kind], _base(request)
    if request.method == "POST":
        row = module.create(_body(request))
        made = module.shown(row, base)
        return _resource(request, made, 201)
    if request.method != "GET":
        raise ScimError(405, "This address takes GET and POST.")
    return _listed(module, base, request.GET)


@_scim
def search(request: HttpRequest, kind: str) -> HttpResponse:
    """POST .search (RFC 7644, section 3.4.3)."""
    if request.method != "POST":
        raise ScimError(405, "This address takes POST.")
    body = _body(request)
    return _listed(
        _kinds(request)[kind],
        _base(request),
        _asked(body),
    )


@_scim
def search_all(request: HttpRequest) -> HttpResponse:
    """POST .search over users and groups together."""
    if request.method != "POST":
        raise ScimError(405, "This address takes POST.")
    body, base = _body(request), _base(request)
    asked = _asked(body)
    node = read(asked["filter"]) if asked.get("filter", "").strip() else None
    everything = [module.shown(row, base) for module in _kinds(request).values() for row in module.all_of()]
    fitting = [row for row in everything if node is None or matches(node, row)]
    return _some(fitting, asked)


def _asked(body: Mapping[str, Any]) -> dict[str, str]:
    """A search sent as an object, as if it stood in the address."""
    return {
        key: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in body.items()
        if isinstance(value, str | int | list)
    }


def _some(fitting: list[dict[str, Any]], asked: Mapping[str, str]) -> HttpResponse:
    start, count = _window(asked)
    part = fitting[start - 1 : start - 1 + count]
    return _json(_page([_trimmed(asked, one) for one in part], len(fitting), start))


@_scim
def one(request: HttpRequest, kind: str, id: str) -> HttpResponse:
    """Show, replace, change, remove."""
    module, base = _kinds(request)[kind], _base(request)
    found = module.found(id)
    now_shown = module.shown(found, base)
    if request.method == "GET":
        if request.headers.get("If-None-Match") == version(now_shown):
            return HttpResponse(status=304)
        return _resource(request, now_shown)
    wanted = request.headers.get("If-Match")
    if wanted and wanted not in ("*", version(now_shown)):
        raise ScimError(412, "It was changed in the meantime.")
    if request.method == "DELETE":
        module.remove(found)
        return HttpResponse(status=204)
    if request.method == "PUT":
        return _resource(request, module.shown(module.replace(found, _body(request)), base))
    if request.method == "PATCH":
        body = {key.lower(): value for key, value in _body(request).items()}
        changed = applied(now_shown, body.get("operations"))
        return _resource(request, module.shown(module.replace(found, changed), base))
    raise ScimError(405, "This address takes GET, PUT, PATCH and DELETE.")


@_scim
def described(request: HttpRequest, what: str, id: str = "") -> HttpResponse:
    """ServiceProviderConfig, ResourceTypes and Schemas."""
    if request.method != "GET":
        raise ScimError(405, "This address takes GET.")
    base = _base(request)
    if what == "ServiceProviderConfig":
        return _json(about.service_provider_config(base))
    rows = about.resource_types(base) if what == "ResourceTypes" else about.schemas(base)
    if not id:
        return _json(_page(rows, len(rows), 1))
    found = next((row for row in rows if row["id"].lower() == id.lower()), None)
    if found is None:
        raise ScimError(404, "There is no such thing.")
    return _json(found)


@_scim
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other address."""
    raise ScimError(404, "There is nothing here.")


def _listed(module: Any, base: str, asked: Mapping[str, str]) -> HttpResponse:
    node = read(asked["filter"]) if asked.get("filter", "").strip() else None
    rows, node = module.narrowed(module.all_of(), node)
    if node is not None:
        return _some([shown for row in rows if matches(node, shown := module.shown(row, base))], asked)
    start, count = _window(asked)
    resources = [module.shown(row, base) for row in rows[start - 1 : start - 1 + count]]
    return _json(_page([_trimmed(asked, one) for one in resources], rows.count(), start))


def _window(asked: Mapping[str, str]) -> tuple[int, int]:
    start, count = _number(asked, "startIndex", 1), _number(asked, "count", about.COUNT_MAX)
    return max(1, start), max(0, min(count, about.COUNT_MAX))


def _number(asked: Mapping[str, str], name: str, usual: int) -> int:
    given = asked.get(name, "")
    if not given:
        return usual
    if not given.lstrip("-").isdigit() or len(given) > 9:
        raise ScimError(400, f"{name} must be a number.", "invalidValue")
    return int(given)


def _page(resources: list[dict[str, Any]], total: int, start: int) -> dict[str, Any]:
    return {
        "schemas": [f"{_MESSAGES}ListResponse"], "totalResults": total, "startIndex": start,
        "itemsPerPage": len(resources), "Resources": resources,
    }  # fmt: skip


def _trimmed(asked: Mapping[str, str], resource: dict[str, Any]) -> dict[str, Any]:
    """`attributes` and `excludedAttributes`: top-level names; what identifies a resource always stays."""
    always = {"schemas", "id"}
    wanted, unwanted = (
        {one.strip().partition(".")[0].casefold() for one in asked.get(key, "").split(",") if one.strip()}
        for key in ("attributes", "excludedAttributes")
    )
    return {
        key: value
        for key, value in resource.items()
        if key in always or ((not wanted or key.casefold() in wanted) and key.casefold() not in unwanted)
    }


def version(resource: Mapping[str, Any]) -> str:
    """The ETag: what is shown, hashed."""
    return f'W/"{hashlib.sha256(orjson.dumps(resource)).hexdigest()[:24]}"'


def _resource(request: HttpRequest, resource: dict[str, Any], status: int = 200) -> HttpResponse:
    etag = version(resource)
    resource = {**resource, "meta": {**resource["meta"], "version": etag}}
    answer = _json(_trimmed(request.GET, resource), status)
    answer["ETag"], answer["Location"] = etag, resource["meta"]["location"]
    return answer


def _body(request: HttpRequest) -> dict[str, Any]:
    if int(request.headers.get("Content-Length") or 0) > BODY_MAX:
        raise ScimError(413, "That is too much at once.")
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ScimError(400, "This is no JSON.", "invalidSyntax") from error
    if not isinstance(given, dict):
        raise ScimError(400, "An object is expected.", "invalidSyntax")
    return given


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/scim/v2")


def _json(content: Mapping[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(content), status=status, content_type=_TYPE)


def _error(error: ScimError) -> HttpResponse:
    content = {"schemas": [f"{_MESSAGES}Error"], "status": str(error.status), "detail": error.detail}
    answer = _json(content | ({"scimType": error.kind} if error.kind else {}), error.status)
    if error.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="Rapport"'
    return answer

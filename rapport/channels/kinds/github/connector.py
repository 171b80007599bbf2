"""The kind "github": what people ask in issues, discussions and pull requests of our repositories."""

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import parse_qs

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
    Draft,
    Field,
    Hook,
    HookRefused,
    Incoming,
    Invalid,
    Kind,
    Length,
    NothingSaid,
    Outgoing,
    Received,
    Said,
    Sent,
    item_id,
    lazy,
)
from rapport.channels.kinds.github import parse
from rapport.channels.kinds.github.api import SERVER, GitHub
from rapport.channels.kinds.github.values import link, number, obj, text

LENGTH = 65_536  # "body is too long (maximum is 65536 characters)"
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
_TESTED_MAX = 10


class GitHubConnector(Kind):
    """Webhooks in; REST for issues and pull requests, GraphQL for discussions out."""

    kind: ClassVar[str] = "github"
    label: ClassVar[Any] = lazy("GitHub issues and discussions")
    about: ClassVar[About] = About(
        summary=lazy("What people ask in issues, discussions and pull requests, answered as comments."),
        proof="contract-tested",
        steps=(
            lazy("Make a fine-grained token of the account that is to answer, for the repositories in question."),
            lazy("In the repository or organization, add a webhook with this channel's address and a secret."),
            lazy("Choose application/json, and the events Issues, Issue comments, Discussions, Discussion comments."),
        ),
        permissions=(
            (lazy("Issues: read and write"), lazy("to comment on issues")),
            (lazy("Pull requests: read and write"), lazy("to comment on pull requests")),
            (lazy("Discussions: read and write"), lazy("to comment on discussions")),
            (lazy("Metadata: read"), lazy("to see that the token reaches the repository")),
        ),
        terms=lazy("Free of charge; 5,000 requests an hour, and comments at a pace that a person could keep."),
        group="work",
    )
    abilities: ClassVar[Abilities] = Abilities(
        public=True, private=False, threads=True, subject=False, naming="name", length=Length(LENGTH)
    )
    fields: ClassVar[Sequence[Field]] = (
        Field("token", lazy("Token"), "secret", lazy("Fine-grained, or of an app's installation."), required=True),
        Field("secret", lazy("Secret of the webhook"), "secret", lazy("The same as over there."), required=True),
        Field(
            "repositories", lazy("Repositories"), "lines",
            lazy("Only these, one a line: owner/name. Empty: all that the webhook tells of."),
        ),
        Field("login", lazy("Login of the account"), help=lazy("Only for an app, which cannot ask: name[bot].")),
        Field("server", lazy("Address of the API"), "url", lazy("Only for an Enterprise Server."), default=SERVER),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Token and secret are there, repositories are written owner/name, the server is an address."""
        super().check(account)
        for one in _lines(account.config.get("repositories")):
            if not _REPOSITORY.fullmatch(one):
                raise Invalid(f"Repositories: “{one[:60]}” is none.", "Write owner/name.")
        if not str(account.config.get("server") or SERVER).startswith(("https://", "http://")):
            raise Invalid("Address of the API: this is no address.", f"It is usually {SERVER}.")

    def test(self, account: Account) -> Sequence[str]:
        """Whether the token is good, and reaches the first repositories that were named."""
        there = GitHub(account)
        left, limit = there.limits()
        if not limit:
            raise ChannelError("GitHub did not say how many requests are left.", permanent=False)
        lines = [f"The token is good; {left} of {limit} requests are left in this hour."]
        for one in sorted(_lines(account.config.get("repositories")))[:_TESTED_MAX]:
            found = there.repository(one)
            lines.append(f"{text(found.get('full_name'), 200) or one} is reached.")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """The login, so that our own comments are known again."""
        login = text(GitHub(account).me().get("login"), 100) or text(account.config.get("login"), 100).strip()
        return {"address": f"@{login}" if login else account.address, "login": login}

    def receive(self, account: Account, hook: Hook) -> Received:
        """One delivery, signed with the secret (X-Hub-Signature-256). A redelivery has the same name."""
        if hook.method != "POST":
            raise HookRefused("This address takes POST.", status=405)
        _verify(account.secrets.get("secret", ""), hook)
        body = _body(hook)
        event = hook.headers.get("x-github-event", "")[:100]
        name = parse.deletion(event, body) or item_id(
            "github", hook.headers.get("x-github-delivery", "") or sha256(body).hexdigest()
        )
        return Received([Incoming(name, body, {"event": event})])

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`; repositories that were not named say nothing."""
        wanted = {one.lower() for one in _lines(account.config.get("repositories"))}
        name = text(obj(parse.payload_of(item.body).get("repository")).get("full_name"), 200)
        if wanted and name and name.lower() not in wanted:
            raise NothingSaid(f"{name} is none of the repositories of this channel.")
        return parse.parse(account, item)

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The comment, with the member's name below it."""
        words = "\n\n".join(one for one in (draft.text.strip(), _signed(draft.author)) if one)
        if not draft.text.strip():
            raise Invalid("There is nothing to send.", "Write something.")
        if len(words) > LENGTH:
            raise Invalid(f"This is longer than the {LENGTH} characters that GitHub takes.", "Shorten it.")
        return [words]

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """Which thread is answered, and the comment. Raises Invalid where GitHub cannot do it."""
        answering = draft.answering
        repository, thread = text(answering.get("repository"), 200), number(answering.get("number"))
        if not _REPOSITORY.fullmatch(repository) or not thread:
            raise Invalid("A comment answers an issue or a discussion.", "Answer one that has come in.")
        return Outgoing(
            orjson.dumps(
                {
                    "repository": repository, "number": thread, "body": self.parts(account, draft)[0], "key": draft.key,
                    "discussion": text(answering.get("discussion")), "comment": text(answering.get("comment")),
                }
            )
        )  # fmt: skip

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """One comment. GitHub knows no key for it: what breaks off is OutcomeUnknown."""
        given = orjson.loads(outgoing.body)
        there, repository, thread = GitHub(account), given["repository"], given["number"]
        about_to_send()
        if given["discussion"]:
            made = there.discuss(_input(given))
            comment, url = number(made.get("databaseId")), link(made.get("url"))
        else:
            made = there.comment(repository, thread, given["body"])
            comment, url = number(made.get("id")), link(made.get("html_url"))
        names = [parse.comment_of(repository, thread, comment)] if comment else []
        kept = {name: given[name] for name in ("repository", "number", "discussion", "comment")}
        return Sent("GitHub has it.", names, url, kept)


def _input(given: Mapping[str, Any]) -> dict[str, str]:
    """AddDiscussionCommentInput. `clientMutationId` is only echoed: it does not make the mutation idempotent."""
    asked = {"discussionId": given["discussion"], "body": given["body"], "clientMutationId": given["key"]}
    return {**asked, "replyToId": given["comment"]} if given["comment"] else asked


def _verify(secret: str, hook: Hook) -> None:
    wanted = "sha256=" + hmac.new(secret.strip().encode(), hook.body, sha256).hexdigest()
    given = hook.headers.get("x-hub-signature-256", "")
    if not secret.strip() or not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise HookRefused("The signature is not good.", "Enter the same secret at GitHub and here.")


def _body(hook: Hook) -> bytes:
    """The payload; GitHub can also be told to send it as a form."""
    if not hook.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return hook.body
    try:
        return parse_qs(hook.body.decode(), max_num_fields=10).get("payload", [""])[0].encode()
    except ValueError:
        return hook.body


def _lines(value: Any) -> Iterable[str]:
    lines = value.splitlines() if isinstance(value, str) else value if isinstance(value, list) else []
    return [one.strip() for one in lines if isinstance(one, str) and one.strip()]


def _signed(author: str) -> str:
    return f"— {author}" if author else ""

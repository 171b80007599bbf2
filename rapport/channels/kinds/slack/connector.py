"""The kind "slack": an app of ours in a workspace, spoken to in channels and in direct messages."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

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
    Outgoing,
    Received,
    Said,
    Sent,
    Unreadable,
    item_id,
    lazy,
)
from rapport.channels.kinds.slack import names, parse
from rapport.channels.kinds.slack.api import SERVER, Slack
from rapport.channels.kinds.slack.mrkdwn import escaped
from rapport.channels.kinds.slack.values import ident, obj, stamp, text

LENGTH = 40_000  # Slack cuts what is longer


class SlackConnector(Kind):
    """Events API in, chat.postMessage out."""

    kind: ClassVar[str] = "slack"
    label: ClassVar[Any] = lazy("Slack")
    about: ClassVar[About] = About(
        summary=lazy("An app in a Slack workspace: what is written to it, or in the channels it is invited to."),
        proof="contract-tested",
        steps=(
            lazy("At api.slack.com/apps, create an app from scratch for your workspace."),
            lazy("Under OAuth & Permissions, add the bot's scopes, install the app, and copy the bot's token."),
            lazy("Under Basic Information, copy the signing secret."),
            lazy("Save the channel here, then enter its webhook's address under Event Subscriptions."),
            lazy("Subscribe to the bot's events message.channels, message.im, app_mention and reaction_added."),
            lazy("Invite the app to the channels that it is to hear."),
        ),
        permissions=(
            (lazy("chat:write"), lazy("to answer")),
            (lazy("channels:history, im:history, app_mentions:read"), lazy("to be told what is said")),
            (lazy("users:read, channels:read"), lazy("to know the names of people, and which channels are private")),
            (lazy("reactions:read"), lazy("to be told of reactions (optional)")),
            (lazy("chat:write.customize"), lazy("to show a member's name as the sender (optional)")),
        ),
        terms=lazy("An app of your own workspace is free of charge; about one message a second in each channel."),
        group="chat",
    )
    abilities: ClassVar[Abilities] = Abilities(
        undo_s=0,
        public=True, private=True, threads=True, reactions=True, naming="name", length=Length(LENGTH)
    )
    fields: ClassVar[Sequence[Field]] = (
        Field("token", lazy("Token of the bot"), "secret", lazy("It begins with xoxb-."), required=True),
        Field("secret", lazy("Signing secret"), "secret", lazy("Under Basic Information."), required=True),
        Field(
            "customize", lazy("Show the member as the sender"), "yes",
            lazy("Needs chat:write.customize. Else the name is the last line."),
        ),
        Field("names", lazy("Ask for people's names"), "yes", lazy("Needs users:read."), default=True),
        Field("server", lazy("Address of the API"), "url", lazy("Leave it as it is."), default=SERVER),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Token and secret are there; the server is an address."""
        super().check(account)
        if not account.secrets.get("secret", "").strip():
            raise Invalid("Signing secret: this is missing.", "Fill it in.")
        if not str(account.config.get("server") or SERVER).startswith(("https://", "http://")):
            raise Invalid("Address of the API: this is no address.", f"It is usually {SERVER}.")

    def test(self, account: Account) -> Sequence[str]:
        """Who the app is, and whether it may write (auth.test)."""
        me, scopes = Slack(account).me()
        if not ident(me.get("user_id")):
            raise ChannelError("Slack did not say who the app is.", permanent=False)
        wanted = ["chat:write"] + (["chat:write.customize"] if account.config.get("customize") else [])
        missing = [one for one in wanted if scopes and one not in scopes]
        if missing:
            hint = f"Give it the scope {', '.join(missing)}, and install it again."
            raise ChannelError("The app may not write.", hint, permanent=True)
        lines = [f"Signed in as @{text(me.get('user'), 100)} in {text(me.get('team'), 100)}."]
        if scopes and "users:read" not in scopes and account.config.get("names") is not False:
            lines.append("Without the scope users:read people are shown by their ids.")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """The bot's user and bot ids, and the workspace's address (for links to messages)."""
        me, _scopes = Slack(account).me()
        own = {name: text(me.get(name), 300) for name in ("user_id", "bot_id", "team_id", "team", "url")}
        return {"address": f"@{text(me.get('user'), 100)}", **own}

    def receive(self, account: Account, hook: Hook) -> Received:
        """One event, signed with the signing secret. What Slack sends again (x-slack-retry-num) has the same name."""
        if hook.method != "POST":
            raise HookRefused("This address takes POST.", status=405)
        _verify(account.secrets.get("secret", ""), hook)
        try:
            payload = parse.payload_of(hook.body)
        except Unreadable:
            return Received([Incoming(sha256(hook.body).hexdigest(), hook.body)])
        if payload.get("type") == "url_verification":
            return Received(body=text(payload.get("challenge"), 1_000).encode())
        event = text(payload.get("event_id"), 100) or sha256(hook.body).hexdigest()
        name = parse.deletion(payload) or item_id("slack", event)
        return Received([Incoming(name, hook.body, names.around(account, payload))])

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`."""
        return parse.parse(account, item)

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The text, with the member's name below it unless it is shown as the sender."""
        signed = f"— {draft.author}" if draft.author and not account.config.get("customize") else ""
        words = "\n\n".join(one for one in (draft.text.strip(), signed) if one)
        if not draft.text.strip():
            raise Invalid("There is nothing to send.", "Write something.")
        if len(escaped(words)) > LENGTH:
            raise Invalid(f"This is longer than the {LENGTH} characters that Slack takes.", "Shorten it.")
        return [words]

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The fields of chat.postMessage. In private means in the direct messages between the app and the person."""
        answering = draft.answering
        channel, thread = ident(answering.get("channel")), stamp(answering.get("thread"))
        if draft.public is False and answering.get("public") is True:
            channel, thread = ident(answering.get("user")), ""
            if not channel:
                raise Invalid("Nobody can be answered in private there.", "Answer in the channel.")
        if not channel:
            raise Invalid("An app answers where it was spoken to.", "Answer somebody who has written to it.")
        # Markup is off: what a member types is what is read.
        given = {"channel": channel, "text": escaped(self.parts(account, draft)[0]), "mrkdwn": "false"}
        given |= {"thread_ts": thread} if thread else {}
        given |= {"username": draft.author[:80]} if draft.author and account.config.get("customize") else {}
        return Outgoing(orjson.dumps(given))

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """One message. What is written in a direct conversation later belongs to the same conversation here."""
        given = orjson.loads(outgoing.body)
        slack = Slack(account)
        about_to_send()
        made = slack.post(given)
        channel, ts = ident(made.get("channel")), stamp(made.get("ts"))
        if not channel or not ts:
            return Sent("Slack has it.")
        thread = given.get("thread_ts", "")
        direct = not thread or parse.is_direct(channel)  # in channels every answer is in a thread
        ids = [parse.external(channel, ts)] + ([parse.room(channel)] if direct else [])
        home = text(obj(account.config.get("own")).get("url"), 300)
        # A person cannot be answered "in private" where nothing is public.
        kept = {"channel": channel, "thread": thread or ("" if direct else ts), "public": False, "user": ""}
        return Sent("Slack has it.", ids, parse.permalink(home, channel, ts, thread), kept)


def _verify(secret: str, hook: Hook) -> None:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack: an HMAC, five minutes."""
    from slack_sdk.signature import Clock, SignatureVerifier

    class At(Clock):
        def now(self) -> float:
            return hook.at.timestamp()

    try:
        is_good = bool(secret.strip()) and SignatureVerifier(secret.strip(), At()).is_valid_request(
            hook.body, dict(hook.headers)
        )
    except (ValueError, TypeError):  # a header that is no number or no ASCII, a body that is no text
        is_good = False
    if not is_good:
        raise HookRefused("The signature is not good, or older than five minutes.", "Is the signing secret right?")

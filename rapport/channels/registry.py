"""Every kind of channel, by name: ours below, others' by the entry point group `rapport.channels`."""

import logging
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from rapport.channels.base import Account, Connector, Kind
from rapport.channels.models import Channel
from rapport.channels.secrets import unseal
from rapport.core.errors import Invalid, RapportError
from rapport.core.options import options

__all__ = [
    "Account", "Connector", "Kind", "account", "connector", "idempotent_kinds", "kinds", "kinds_that_load",
    "reader",
]

log = logging.getLogger(__name__)

_OURS = {
    "appstore": "rapport.channels.kinds.reviews.connector:AppStoreReviews",
    "bluesky": "rapport.channels.kinds.bluesky.connector:BlueskyConnector",
    "calls": "rapport.channels.kinds.calls.connector:CallsConnector",
    "discord": "rapport.channels.kinds.discord.connector:DiscordConnector",
    "email": "rapport.channels.kinds.email.connector:EmailConnector",
    "feeds": "rapport.channels.kinds.feeds.connector:FeedsConnector",
    "github": "rapport.channels.kinds.github.connector:GitHubConnector",
    "googleplay": "rapport.channels.kinds.reviews.connector:GooglePlayReviews",
    "irc": "rapport.channels.kinds.irc.connector:IrcConnector",
    "mastodon": "rapport.channels.kinds.mastodon.connector:MastodonConnector",
    "matrix": "rapport.channels.kinds.matrix.connector:MatrixConnector",
    "reddit": "rapport.channels.kinds.reddit.connector:RedditConnector",
    "sip": "rapport.channels.kinds.sip.connector:SipConnector",
    "slack": "rapport.channels.kinds.slack.connector:SlackConnector",
    "telegram": "rapport.channels.kinds.telegram.connector:TelegramConnector",
    "twilio": "rapport.channels.kinds.twilio.connector:TwilioConnector",
    "webchat": "rapport.channels.kinds.webchat.connector:WebChatConnector",
    "webhook": "rapport.channels.kinds.webhook.connector:WebhookConnector",
    "whatsapp": "rapport.channels.kinds.whatsapp.connector:WhatsAppConnector",
    "xmpp": "rapport.channels.kinds.xmpp.connector:XmppConnector",
}


def kinds() -> list[str]:
    """The names of all kinds that can be connected, sorted."""
    return sorted({*_OURS, *(point.name for point in entry_points(group="rapport.channels"))})


@lru_cache
def connector(kind: str) -> Connector:
    """The connector of a kind, imported when first asked for. Raises Invalid for an unknown kind."""
    if kind in _OURS:
        module, _, name = _OURS[kind].partition(":")
        return cast(Connector, getattr(import_module(module), name)())
    for point in entry_points(group="rapport.channels", name=kind):
        return cast(Connector, point.load()())
    raise Invalid(f"There is no kind of channel called {kind!r}.", f"Known kinds: {', '.join(kinds())}.")


def account(channel: Channel) -> Account:
    """The channel as the plain values its connector takes."""
    return Account(
        channel.id,
        channel.name,
        channel.kind,
        channel.address,
        channel.config,
        unseal(bytes(channel.secrets)),
        f"{options().public_url.rstrip('/')}/hooks/{channel.id}/",
    )


def reader(channel: Channel) -> Account:
    """The same without secrets: for parsing and measuring, which must go on where those cannot be read."""
    return Account(channel.id, channel.name, channel.kind, channel.address, channel.config)


def kinds_that_load() -> list[str]:
    """Those of `kinds()` that can be used here; one that cannot be loaded is logged and left out."""
    found = []
    for kind in kinds():
        try:
            connector(kind)
            found.append(kind)
        except (RapportError, ImportError, AttributeError) as error:
            log.warning("the kind of channel %s cannot be loaded: %s", kind, error)
    return found


@lru_cache
def idempotent_kinds() -> tuple[str, ...]:
    """Kinds whose services know a message again that is sent twice; third-party kinds that cannot load are left out."""
    return tuple(kind for kind in kinds_that_load() if connector(kind).abilities.idempotent)

"""Mail that Rapport itself writes to members (a new password, say): by the first e-mail channel that can send."""

import logging
import smtplib
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from rapport.channels import registry
from rapport.channels.kinds.email import settings, smtp
from rapport.channels.models import Channel
from rapport.core.errors import RapportError

log = logging.getLogger(__name__)


class ChannelBackend(BaseEmailBackend):
    """Django's way of sending mail (EMAIL_BACKEND), over a connected mailbox."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send, and say how many went. Where none can, the log says why; the page must not tell strangers."""
        try:
            return _send(email_messages)
        except (RapportError, smtplib.SMTPException, OSError) as error:
            log.error("mail to a member could not be sent: %s", error)
            return 0


def _send(messages: Sequence[EmailMessage]) -> int:
    for channel in Channel.objects.filter(kind="email", enabled=True):
        account = registry.account(channel)
        chosen = settings.read(account.config, account.address).smtp if account.config.get("smtp") else None
        if chosen is None:
            continue
        client = smtp.connect(chosen, account.secrets.get("smtp_password", ""))
        for message in messages:
            message.from_email = channel.address
            client.send_message(message.message(), channel.address, message.recipients())
        client.quit()
        return len(messages)
    log.error("mail to a member could not be sent: no e-mail channel is connected that can send")
    return 0

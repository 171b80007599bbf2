"""Every error Rapport raises on purpose.

RapportError                 something a person can mend; carries a hint
├── NotAllowed               a member without the right (a page answers 403)
├── NotVisible               not theirs to see, or not there (a page answers 404)
├── Invalid                  bad input: a field, a file, a policy
└── ChannelError             a channel refused or could not be reached; `permanent` decides retry or stop
"""


class RapportError(Exception):
    """Something went wrong that a person can mend.

    `message` says what happened, `hint` what to do about it (may be empty).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotAllowed(RapportError):
    """The member may see this, but may not do it."""


class NotVisible(RapportError):
    """There is no such thing for this member."""


class Invalid(RapportError):
    """The input cannot be used as it is."""


class ChannelError(RapportError):
    """A channel could not receive or send.

    `permanent` is True when trying again cannot help before a person changes something.
    """

    def __init__(self, message: str, hint: str = "", *, permanent: bool) -> None:
        super().__init__(message, hint)
        self.permanent = permanent

"""What a directory is told when something cannot be done (RFC 7644, section 3.12)."""


class ScimError(Exception):
    """Status, the RFC's word for why (may be empty), and a sentence."""

    def __init__(self, status: int, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind

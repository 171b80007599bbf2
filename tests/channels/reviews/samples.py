"""Reviews as the stores list them, written after their documentation, and keys made for the tests."""

import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rapport.channels.base import Account, Edited, Incoming
from rapport.channels.kinds.reviews import poll
from rapport.channels.testing import MemorySource, Sample, account_for

APP, PACKAGE = "682658836", "org.example.garden"


@lru_cache
def key(kind: str) -> str:
    """A private key in PEM, of the kind that Apple ("ec") or Google ("rsa") gives."""
    made: Any = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    plain = serialization.NoEncryption()
    return str(made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode())


def apple_at(url: str) -> Account:
    """An app in the App Store."""
    config = {"app": APP, "issuer": "57246542-96fe-1a63-e053-0824d011072a", "key_id": "2X9R4HXF34", "server": url}
    return account_for("appstore", config=config, secrets={"key": key("ec")})


def google_at(url: str, token_uri: str = "https://oauth2.googleapis.com/token") -> Account:
    """An app in Google Play."""
    whole = {
        "type": "service_account", "client_email": "hub@example.iam.gserviceaccount.com", "private_key": key("rsa"),
        "token_uri": token_uri,
    }  # fmt: skip
    return account_for("googleplay", config={"app": PACKAGE, "server": url}, secrets={"key": json.dumps(whole)})


def apple(
    name: str = "0001", body: str = "It crashes when I open it.", answer: str = "", **more: Any
) -> dict[str, Any]:
    """A CustomerReview of the App Store Connect API, with its response."""
    attributes = {
        "rating": 2, "title": "Crashes", "body": body, "reviewerNickname": "Ann E.",
        "createdDate": "2026-03-02T01:00:00-08:00", "territory": "USA", **more,
    }  # fmt: skip
    data = {"type": "customerReviewResponses", "id": f"r{name}"} if answer else None
    review = {
        "type": "customerReviews",
        "id": name,
        "attributes": attributes,
        "relationships": {"response": {"data": data}},
    }
    response = {
        "type": "customerReviewResponses", "id": f"r{name}",
        "attributes": {"responseBody": answer, "lastModifiedDate": "2026-03-02T02:00:00-08:00", "state": "PUBLISHED"},
    }  # fmt: skip
    return {"review": review, "response": response if answer else None}


def google(
    name: str = "gp:AOq0", text: str = "Crashes\tIt closes at once.", answer: str = "", **more: Any
) -> dict[str, Any]:
    """A Review of the Google Play Developer API."""
    comment = {
        "text": text, "lastModified": {"seconds": "1772442000", "nanos": 713000000}, "starRating": 3,
        "reviewerLanguage": "en", "device": "trltecan", "androidOsVersion": 21, "appVersionCode": 12345,
        "appVersionName": "1.2.3", "thumbsUpCount": 10, "thumbsDownCount": 3, **more,
    }  # fmt: skip
    ours = (
        [{"developerComment": {"text": answer, "lastModified": {"seconds": "1772445600", "nanos": 0}}}]
        if answer
        else []
    )
    review = {"reviewId": name, "authorName": "Ann E.", "comments": [{"userComment": comment}, *ours]}
    return {"review": review, "response": None}


class Shelf:
    """A store that holds what it is told to, page by page."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self.shown = list(pages)
        self.read = 0

    def about(self) -> str:
        """A name."""
        return "Garden"

    def pages(self) -> Any:
        """Count what is read."""
        for page in self.shown:
            self.read += 1
            yield page

    def prepared(self) -> None:
        """Nothing."""

    def reply(self, review: str, words: str) -> str:
        """Nothing."""
        return ""


def items(kind: str, *reviews: dict[str, Any], seen: dict[str, str] | None = None) -> list[Incoming]:
    """What one look at these reviews keeps."""
    source = MemorySource(cursors={"seen": seen} if seen else None)
    poll.once(kind, Shelf(list(reviews)), source)
    return list(source.items.values())


APPLE_SAMPLES = [
    Sample(items("appstore", apple())[0]),
    Sample(items("appstore", apple("0002", answer="Thank you, we look into it."))[1]),
    Sample(items("appstore", apple("0003"), seen={"0003": "before."})[0], (Edited,)),
    Sample(items("appstore", {"review": {"type": "customerReviews", "id": "0004"}, "response": None})[0]),
]
GOOGLE_SAMPLES = [
    Sample(items("googleplay", google())[0]),
    Sample(items("googleplay", google("gp:2", answer="Thank you."))[1]),
    Sample(items("googleplay", google("gp:3"), seen={"gp:3": "before."})[0], (Edited,)),
    Sample(items("googleplay", google("gp:4", "No title here."))[0]),
]

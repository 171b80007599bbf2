"""Known attacks, shown in a real browser where members would meet them: nothing runs, nothing leaves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import BrowserContext, Page, Route

from rapport.conversations.models import Attachment, Conversation, Direction, Message, Template
from rapport.core import scope
from rapport.inbound.models import RawItem
from rapport.people.models import Person
from tests.browser.conftest import Place
from tests.web.cast import Cast

_AT_ONCE = 45
_WATCH = """for (const name of ['alert', 'confirm', 'prompt', 'print', 'xss', 'pwn'])
  window[name] = () => window.ran(`${name} in ${location.href}`);"""
_FRAMES = """async ([urls, sandbox]) => {
  document.body.replaceChildren();
  await Promise.all(urls.map(url => new Promise(done => {
    const frame = document.createElement('iframe');
    if (sandbox !== null) frame.setAttribute('sandbox', sandbox);
    frame.onload = done; frame.name = url; frame.src = url; document.body.append(frame);
  })));
  for (const frame of document.querySelectorAll('iframe')) frame.focus();
  await new Promise(done => setTimeout(done, 150));
}"""
_ATTACKS = (
    "<img src=x onerror=alert(1)>", "\"'><script>alert(1)</script>", "</title><svg onload=alert(1)>",
    "javascript:alert(1)//{{7*7}}", "<b hx-get=/ hx-trigger=load onclick=alert(1)>b", "'-alert(1)-'",
)  # fmt: skip


@contextmanager
def watched(place: Place, context: BrowserContext) -> Iterator[list[str]]:
    """What ran or left while the block was at work: it must be nothing."""
    seen: list[str] = []
    context.expose_binding("ran", lambda source, what: seen.append(f"ran: {what}"))
    context.add_init_script(_WATCH)
    live = place.url.rpartition(":")[0]

    def pass_on(route: Route) -> None:
        if route.request.url.startswith((place.url, live, "data:", "blob:")):
            route.fallback()
        else:
            seen.append(f"asked for {route.request.url}")
            route.abort()

    context.route("**/*", pass_on)
    context.on("dialog", lambda dialog: (seen.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield seen


def attacking_mails(cast: Cast, payloads: list[str]) -> list[Message]:
    """A conversation with one HTML mail for each payload."""
    with scope.system():
        items = RawItem.objects.bulk_create(
            RawItem(
                channel=cast.channel, external_id=f"attack {n}", state="stored", conversation_id=cast.conversation.id,
                body=b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
                + payload.encode("utf-8", "surrogatepass"),
                size=len(payload),
            )
            for n, payload in enumerate(payloads)
        )  # fmt: skip
        return Message.objects.bulk_create(
            Message(
                conversation=cast.conversation,
                direction=Direction.IN,
                raw_item_id=item.id,
                text="attack",
                channel=cast.channel,
            )
            for item in items
        )


def show(page: Page, urls: list[str], sandbox: str | None) -> None:
    """Load them in frames of the page, many at once."""
    for start in range(0, len(urls), _AT_ONCE):
        page.evaluate(_FRAMES, [urls[start : start + _AT_ONCE], sandbox])
        moved = [(frame.name, frame.url) for frame in page.frames[1:] if frame.url not in (frame.name, "about:blank")]
        assert not moved


def test_no_known_attack_runs_in_the_message_frame_nor_by_the_sanitiser_alone(place: Place, shared_data: Path) -> None:
    attacks = json.loads((shared_data / "html-sanitise/dompurify_expect.json").read_text("utf-8"))
    messages = attacking_mails(place.cast, [attack["payload"] for attack in attacks])
    urls = [f"{place.url}/c/{place.cast.conversation.id}/messages/{one.id}/frame/" for one in messages]
    context = place.context(place.cast.agent)
    with watched(place, context) as seen:
        page = context.new_page()
        page.goto("/healthz")
        show(page, urls, "allow-popups allow-popups-to-escape-sandbox")
        assert page.url.endswith("/healthz")
        assert not seen

        def bare(route: Route) -> None:
            # As if no browser knew the headers: the sanitiser alone must do.
            answer = route.fetch()
            kept = {
                k: v
                for k, v in answer.headers.items()
                if k.lower() not in ("content-security-policy", "x-frame-options")
            }
            assert answer.status == 200
            route.fulfill(response=answer, headers=kept)

        context.route("**/frame/", bare)
        show(page, urls, None)
        assert page.url.endswith("/healthz")
        assert not seen
        # And the watch works: the same payloads unsanitised are noticed.
        page.evaluate("document.body.append(document.createElement('p'))")
        page.evaluate("() => { const i = new Image(); i.onerror = () => alert(1); i.src = 'x:'; }")
        place.until(page, lambda: seen, "the watch to notice it")
    assert len(context.pages) == 1


def furnished(cast: Cast) -> None:
    """The attacks in every place where somebody outside or inside may write words."""
    with scope.system():
        every = " ".join(_ATTACKS)
        Conversation.objects.filter(id=cast.conversation.id).update(subject=every[:200], snippet=every[:120])
        Person.objects.filter(id=cast.customer.id).update(name=every[:100])
        message = Message.objects.get(conversation=cast.conversation)
        Message.objects.filter(id=message.id).update(text=every, subject=every[:200])
        for attack in _ATTACKS:
            Message.objects.create(
                conversation=cast.conversation, direction=Direction.NOTE, member=cast.agent, text=attack
            )
            Attachment.objects.create(
                conversation=cast.conversation, message_id=message.id, filename=attack, content_type=attack[:60], size=3
            )
        Template.objects.create(name=_ATTACKS[0], html=_ATTACKS[1], author=cast.agent)


def test_hostile_words_are_only_words_on_every_page(place: Place) -> None:
    furnished(place.cast)
    context = place.context(place.cast.admin)
    with watched(place, context) as seen:
        page = context.new_page()
        page.on("console", lambda said: seen.append(said.text) if "Content Security" in said.text else None)
        page.on("pageerror", lambda error: seen.append(str(error)))
        c = f"/c/{place.cast.conversation.id}/"
        for path in (
            "/inbox/all/",
            c,
            f"/people/{place.cast.customer.id}/",
            "/people/",
            "/templates/",
            "/log/",
            "/palette/",
        ):
            page.goto(path)
            assert page.evaluate("document.querySelectorAll('script:not([src]):not([type*=json])').length") == 0, path
        for attack in _ATTACKS:
            page.goto(f"/search/?{urlencode({'q': attack})}")
        assert not seen
    assert len(context.pages) == 1

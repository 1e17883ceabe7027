"""The links of a message by which it counts, and its HTML with each of them marked. It is sans-IO.

Owns: which part is drawn, reading a message as its author wrote it (also one that was received, with
tracked links), and marking its links.
Does not own: what is tracked (`proxy.rewrite.planner`), making HTML harmless (`sanitiser`), or drawing
(`page`).

What decides about mail on its way, and not about its links, is left aside: signatures, lines that are
too long, how its parts are encoded.
"""

import base64
from dataclasses import dataclass, replace

from config.schema import Config
from proxy.links import charsets
from proxy.links.charsets import HtmlView
from proxy.links.html import links
from proxy.message.editing import Edit, Message, decode, parse, splice
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy, Signing
from proxy.rewrite.eligibility import from_domain
from proxy.rewrite.planned import SkippedLink
from proxy.rewrite.planner import plan_message
from proxy.rewrite.render import sent_links
from proxy.rewrite.senders import Senders
from tracker.events import SentLink
from tracker.tokens import APP_PATH, PATH, BadToken, Keyring, read
from tracker.urls.naming import Naming
from tracker.urls.params import without

MARK = "waypost:"
"""Begins the href of a link that is tracked; its number follows."""
MAX_HTML_OCTETS = 1_000_000
"""Gmail shows a tenth of it (`proxy.rewrite.planned.CLIP_OCTETS`)."""

_NOT_THE_AUTHORS = (b"content-", b"mime-version", b"dkim-", b"arc-", b"received")
"""Fields that say how a message is made up, or that servers have added."""


class NoMap(ValueError):
    """What was given cannot be drawn; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class MarkedHtml:
    """The HTML of a message; a tracked link's href is MARK and its number in `links`.

    `skipped` are the others, `untouched` why no link is tracked at all. `campaign` is the one that the
    message would count for, None for none. `received` says that it has tracked links already.
    """

    html: str
    links: tuple[SentLink, ...]
    skipped: tuple[SkippedLink, ...]
    untouched: Untouched | None
    campaign: str | None
    received: bool


def marked(content: bytes, config: Config, keyring: Keyring | None) -> MarkedHtml:
    """Return the HTML of a message with its links marked; raises NoMap.

    `keyring` reads the tracked links of one that was received; without it, these stay unknown.
    """
    message = parse(content)
    view = _html(message)
    policy = _policy(message, config)
    html, received = _restored(view, keyring, config) if keyring else (view.html, False)
    head = _authors_head(message)
    plan = plan_message(parse(_alone(head, html, view.charset)), policy)
    drawn = parse(plan.render(lambda link: f"{MARK}{link.number}"))
    return MarkedHtml(
        decode(drawn, drawn.parts[0]).octets.decode(view.charset, "replace"),
        sent_links(plan.links, policy.volatile_params, policy.identify_param),
        plan.skipped,
        plan.untouched if not plan.links else None,
        plan.campaign,
        received,
    )


def _authors_head(message: Message) -> bytes:
    """Return what a message's author says in its header: what is tracked, and for which campaign."""
    fields = (
        each for each in message.headers if not each.name.lower().startswith(_NOT_THE_AUTHORS)
    )
    return b"".join(message.raw[each.start : each.end] for each in fields)


def _alone(head: bytes, html: bytes, charset: str) -> bytes:
    """Return a message that is nothing but this HTML, in a form that takes any change."""
    kind = f"MIME-Version: 1.0\r\nContent-Type: text/html; charset={charset}\r\n".encode()
    encoded = base64.encodebytes(html).replace(b"\n", b"\r\n")
    return head + kind + b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded


def _html(message: Message) -> HtmlView:
    """Return the first HTML part that mail programs show; raises NoMap."""
    if not message.headers:
        raise NoMap("this is no message: save it from your mail program, as .eml")
    for part in message.parts:
        if part.content_type == "text/html" and part.skip is None:
            body = decode(message, part)
            if len(body.octets) > MAX_HTML_OCTETS:
                raise NoMap(f"its HTML has more than {MAX_HTML_OCTETS:,} octets")
            view = charsets.view(body.octets, part.charset)
            return view or HtmlView(body.octets, "latin-1", "ascii")
    skipped = {part.skip for part in message.parts if part.content_type == "text/html"} - {None}
    why = f" that is shown ({', '.join(sorted(map(str, skipped)))})" if skipped else ""
    raise NoMap(f"the message has no HTML{why}")


def _policy(message: Message, config: Config) -> Policy:
    """Return the policy of the message's sender, less what is about mail on its way."""
    domain = from_domain(message)
    sender = None if isinstance(domain, Untouched) else Senders(config).find(domain)
    policy = sender.policy if sender else Policy.from_config(config)
    return replace(policy, signing=Signing(), max_growth=None, opens=False, plain_text=False)


def _restored(view: HtmlView, keyring: Keyring, config: Config) -> tuple[bytes, bool]:
    """Return HTML with the author's URLs in place of tracked ones, and whether there were any."""
    added = Naming.of(config).added
    edits = []
    for href in links(view.html, view.charset):
        destination = _behind(href.value, keyring)
        if destination is not None:
            url = without(destination, added)
            value = url.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#39;")
            edits.append(Edit(href.start, href.end, value.encode("ascii", "replace")))
    return (splice(view.html, edits), True) if edits else (view.html, False)


def _behind(url: str, keyring: Keyring) -> str | None:
    """Return where a tracked URL of ours leads; None for any other."""
    for path in (APP_PATH, PATH):
        _, found, token = url.strip().partition(path)
        if found:
            try:
                return read(keyring, token).destination
            except BadToken:
                return None
    return None

"""What tests of plans share: policies, and what became of the links of a message."""

from proxy.policy import Policy, Signing
from proxy.rewrite.planner import plan
from tests.support.mail import html_message, link

URL = "https://example.com/a"
LONG = URL + "/" + "x" * 1300
"""Longer than the default of `max_destination`."""
TRACKED = "https://track.example.net/c/0123456789abcdef"
ENCODINGS = ["7bit", "8bit", "quoted-printable", "base64"]

PARAMS = Policy(url_params=(("utm_source", "mail"), ("utm_campaign", "{campaign}")))
ADDED = "utm_source=mail&utm_campaign=Spring"
"""What `PARAMS` adds to the links of a message whose subject is that of `mail.HEAD`."""
UTM_SOURCE = Policy(url_params=(("utm_source", "mail"),))
PLAIN = Policy(plain_text=True)

KEY_OF_EXAMPLE_COM = Signing(signs=True, domains=frozenset({"example.com"}))
DKIM = "DKIM-Signature: v=1; a=rsa-sha256; d={}; s=s; h=from; bh=AA==; b=AA=="

BUTTON = (
    '<!--[if mso]><v:roundrect href="{0}"><center>Buy</center></v:roundrect><![endif]-->'
    '<!--[if !mso]><!--><a href="{0}">Buy</a><!--<![endif]-->'
)


def reasons(message: bytes, policy: Policy | None = None) -> list[str | None]:
    """Return for each link, in order, None where it is tracked or the reason why not."""
    made = plan(message, policy or Policy())
    assert made.failure is None
    found = sorted([*made.links, *made.skipped], key=lambda each: each.order)
    return [getattr(each, "reason", None) for each in found]


def destinations(message: bytes, policy: Policy = PARAMS) -> list[str]:
    """Return where tracked links lead."""
    return [each.destination for each in plan(message, policy).links]


def outcome(attributes: str, policy: Policy = UTM_SOURCE) -> tuple[str | None, str, str]:
    """Return the reason, the destination with its parameters, and the group of one link."""
    made = plan(html_message(link(URL, attributes)), policy)
    (found,) = [*made.links, *made.skipped]
    return getattr(found, "reason", None), found.destination, found.group

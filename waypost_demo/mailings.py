"""The mail of a small pottery shop: a weekly letter, orders, and invitations of its club.

Owns: the messages as an application would hand them in, and what each is about.
Does not own: who gets them (`waypost_demo.readers`), when (`waypost_demo.history`), or where their links
lead (`waypost_demo.site`).
"""

import hashlib
import quopri
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import NamedTuple

from waypost_demo.readers import Reader
from waypost_demo.set_up import CLUB_DOMAIN, SHOP_DOMAIN

Links = dict[str, float]
"""The texts of tracked links, in the order of the message, and how much each is liked."""

STORIES = (
    ("How a glaze gets its blue", "Cup with a thumb rest"),
    ("A kiln that runs on straw", "Large salad bowl"),
    ("Why we sell seconds", "Seconds: mugs at half price"),
    ("Throwing forty plates a day", "Dinner plates, set of four"),
    ("A visit to the clay pit", "Butter dish"),
    ("Repairing with gold", "Repair kit"),
    ("Our first wood firing", "Wood-fired vase"),
    ("Handles: pulled or cast?", "Tea pot"),
    ("What the apprentices made", "Espresso cups, set of two"),
)

LETTER = """\
<table width="560" align="center" cellpadding="12" style="font-family: Georgia, serif">
<tr><td style="background: #f4ede1"><h1 style="margin: 0; color: #6b3f2a">The weekly letter</h1>
<p>Dear reader, the kiln is still warm. Here is what came out of it this week.</p></td></tr>
<tr><td><img src="{site}/pictures/{slug}.svg" width="560" height="180" alt="{story}">
<h2>{story}</h2>
<p>It took us three firings to find out. We wrote down what went wrong, and what did not.</p>
<!--[if mso]><v:roundrect href="{site}/stories/{slug}?from=letter&amp;week={week}"
 style="width:200px;height:40px"><center>Read the story</center></v:roundrect><![endif]-->
<p><a href="{site}/stories/{slug}?from=letter&amp;week={week}"
 style="background: #8a5a44; color: #fff; padding: 10px 24px; text-decoration: none">Read the story</a></p>
</td></tr>
<tr><td><h2>New in the shop</h2>
<p><a href="{site}/shop/{product_slug}">{product}</a>: made last week, and there are twelve of it.
Or look at <a href="{site}/shop">everything in the shop</a>.</p>
<p><a href="{site}/lists/{reader}">Your wish list</a> remembers what you liked.</p></td></tr>
<tr><td style="background: #f4ede1"><p>Something broke? <a href="{site}/help/repairs#post">We repair it</a>.
Tell us how we do: <a href="{site}/survey?week={week}">three questions</a>.</p>
<p style="font-size: small"><a class="untracked" href="{site}/account">Your account</a> is not tracked, and
neither is the way <a href="{site}/unsubscribe?list=letter">to leave this list</a>.</p></td></tr>
</table>
"""
LETTER_LINKS: Links = {
    "Read the story": 5,
    "{product}": 4,
    "everything in the shop": 2,
    "Your wish list": 1.5,
    "We repair it": 0.4,
    "three questions": 0.8,
}

ORDER = """\
<p>Thank you for your order.</p>
<p><a href="{site}/orders/{number}?ref=mail&amp;copy=1">Your order</a> is on its way.
<a href="{site}/help#returns">Returns</a> are free.
<a class="untracked" href="{site}/account">Your account</a> is not tracked,
and neither is <a href="mailto:shop@example.com">our address</a>.</p>
"""
ORDER_LINKS: Links = {"Your order": 6, "Returns": 0.7}

INVITATION = """\
<h1>The workshop is open</h1>
<p>Come and throw a bowl of your own: <a href="{site}/club/open-day?month={month}">see the programme</a>,
<a href="{site}/club/places?month={month}">reserve a place</a>, or find out
<a href="{site}/club/how-to-get-here">how to get here</a>.</p>
"""
INVITATION_LINKS: Links = {"see the programme": 4, "reserve a place": 3, "how to get here": 1}


MESSAGE = """\
From: {name} <{sender}>
To: {to}
Subject: {subject}
Date: {date}
Message-ID: <{id}@{domain}>
{further}MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=-bowl-{id}"

--=-bowl-{id}
Content-Type: text/plain; charset="utf-8"

This message is best read as HTML.

--=-bowl-{id}
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

{html}
--=-bowl-{id}--
"""


@dataclass(frozen=True, slots=True)
class Mailing:
    """One message: its envelope, as it goes over the wire, and what of it is liked."""

    sender: str
    recipient: str
    content: bytes
    links: Links


def letter(site: str, reader: Reader, at: datetime) -> Mailing:
    """Return the letter of a week; its campaign is named by a header."""
    week = at.isocalendar().week
    story, product = STORIES[week % len(STORIES)]
    html = LETTER.format(
        site=site,
        story=escape(story),
        product=escape(product),
        slug=_slug(story),
        product_slug=_slug(product),
        week=week,
        reader=_digest(reader.address)[:10],
    )
    further = {
        "X-Track-Campaign": f"Weekly letter, week {week}",
        "List-Unsubscribe": f"<{site}/unsubscribe?list=letter>",
    }
    head = Head("The workshop", f"letter@{SHOP_DOMAIN}", f"{story} (letter {week})", further)
    links = {text.format(product=product): weight for text, weight in LETTER_LINKS.items()}
    return _mailing(head, reader, at, html, links)


def order(site: str, reader: Reader, at: datetime, number: int) -> Mailing:
    """Return the confirmation of an order; its campaign is its subject without the number."""
    head = Head("The shop", f"shop@{SHOP_DOMAIN}", f"Your order {number}", {})
    return _mailing(head, reader, at, ORDER.format(site=site, number=number), ORDER_LINKS)


def invitation(site: str, reader: Reader, at: datetime) -> Mailing:
    """Return an invitation of the club, whose mail has another sender's domain."""
    month = f"{at:%B}"
    about = f"The workshop is open: join us in {month}"
    further = {"X-Track-Campaign": f"Open workshop, {month}"}
    head = Head("Pottery club", f"club@{CLUB_DOMAIN}", about, further)
    html = INVITATION.format(site=site, month=month.lower())
    return _mailing(head, reader, at, html, INVITATION_LINKS)


class Head(NamedTuple):
    """What the header of a message says, beside its reader and moment."""

    name: str
    sender: str
    subject: str
    further: dict[str, str]


def _mailing(head: Head, reader: Reader, at: datetime, html: str, links: Links) -> Mailing:
    """Return a message as an application would write it."""
    further = head.further | ({"X-Track-Person": reader.person} if reader.person else {})
    text = MESSAGE.format(
        name=head.name,
        sender=head.sender,
        to=reader.address,
        subject=head.subject,
        date=format_datetime(at),
        id=_digest(f"{reader.address} {head.subject} {at.timestamp()}")[:20],
        domain=head.sender.rpartition("@")[2],
        further="".join(f"{name}: {value}\n" for name, value in further.items()),
        html=quopri.encodestring(html.encode()).decode("ascii"),
    )
    content = text.replace("\n", "\r\n").encode("ascii")
    return Mailing(head.sender, reader.address, content, links)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _slug(text: str) -> str:
    words = "".join(each if each.isalnum() else " " for each in text.lower()).split()
    return "-".join(words)

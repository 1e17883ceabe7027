"""Mail as sending services make it, no two messages alike.

Owns: newsletters of a size and a number of links, letters with an attachment, their recipients.
Does not own: how they are sent (`support/smtp_clients.py`).

Each URL, subject, recipient and text is made from a seeded random source: whoever repeats one message
measures caches. Product blocks are what services' editors write: tables in tables, inline styles,
comments for Outlook, 17 tags a kilobyte, each button twice (VML for Outlook, HTML for all others) with equal URLs, image
and title with equal URLs. The HTML part is quoted-printable, beside a part of plain text.
"""

import base64
import quopri
from dataclasses import dataclass
from random import Random

_WORDS = (
    "autumn walnut table linen harbour morning coffee window garden lantern ribbon copper meadow "
    "pocket river saddle velvet willow candle feather marble timber canvas ceramic cotton basket "
    "blanket kettle mirror pepper orchard pillow"
)
WORDS = _WORDS.split()
_NAMES = "Ada Grace Edsger Barbara Niklaus Frances Kathleen Dennis Radia Ken Adele Tony"
NAMES = _NAMES.split()
SENDER = "news@example.com"
HEAD = """\
<!DOCTYPE html><html lang="en" xmlns:v="urn:schemas-microsoft-com:vml"><head><meta charset="utf-8">\
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>body{{margin:0;padding:0}}table{{border-collapse:collapse}}a{{color:#15616d}}
@media (max-width:600px){{.column{{width:100%!important;display:block!important}}}}</style></head>
<body style="margin:0;background-color:#f4f4f4"><div style="display:none;max-height:0">{title}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
"""
LINK = '<a href="{url}" style="color:#15616d;font-size:12px">{text}</a> &nbsp;\n'
BLOCK = """\
<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->
<table role="presentation" class="column" width="600" cellpadding="0" cellspacing="0"><tr>
<td style="padding:0 24px"><a href="{url}" target="_blank"><img src="https://cdn.example.com/{image}.jpg" \
width="552" alt="{text}" style="display:block;border:0"></a></td></tr><tr>
<td style="padding:12px 24px;font-family:Arial,sans-serif;font-size:16px;line-height:24px">
<a href="{url}" style="color:#001524;text-decoration:none"><strong>{text}</strong></a><br>
</td></tr>
{rows}<tr><td align="left" style="padding:0 24px 24px"><!--[if mso]>
<v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" href="{button}" style="height:40px;width:180px" \
arcsize="10%" fillcolor="#15616d" stroke="f"><center style="color:#ffffff">Buy {text}</center></v:roundrect>
<![endif]--><!--[if !mso]><!--><a href="{button}" style="background-color:#15616d;border-radius:4px;\
color:#ffffff;display:inline-block;line-height:40px;text-align:center;width:180px">Buy {text}</a>\
<!--<![endif]--></td></tr></table><!--[if mso]></td></tr></table><![endif]-->
"""
ROW = (
    '<tr><td style="padding:0 24px 12px;font-family:Arial,sans-serif"><p style="margin:0">{}</p>'
    "</td></tr>\n"
)
FOOT = "</td></tr></table></body></html>\n"
LINKS_A_BLOCK = 4
PARAGRAPH_OCTETS = 200


@dataclass(frozen=True)
class Mail:
    """One message: to whom, and its octets, in lines of CRLF."""

    recipient: str
    content: bytes


class Author:
    """Writes messages, all from one seed; no two of them have a URL, subject or reader in common."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._number = 0

    def newsletters(self, count: int, size_octets: int, links: int) -> list[Mail]:
        """Return messages of about that size, each with so many links."""
        return [self.newsletter(size_octets, links) for _ in range(count)]

    def newsletter(self, size_octets: int, links: int) -> Mail:
        """Return one message of about that size, with so many links."""
        bare = len(self._write(links, 0).content)
        blocks = max(1, links // LINKS_A_BLOCK)
        # Quoted-printable takes more octets than it is given.
        return self._write(links, int(max(0, size_octets - bare) / blocks / 1.06))

    def letter(self, size_octets: int, links: int) -> Mail:
        """Return a newsletter of 50 KB with an attachment that makes it as large as that."""
        mail = self.newsletter(50_000, links)
        attached = self._random.randbytes((size_octets - len(mail.content)) * 3 // 4 * 76 // 78)
        head, _, body = mail.content.partition(b"\r\n\r\n")
        own, _, of_body = head.partition(b"\r\nMIME-Version: 1.0\r\n")
        return Mail(
            mail.recipient,
            own + b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="mixed"\r\n\r\n'
            b"--mixed\r\n" + of_body + b"\r\n\r\n" + body + b"\r\n--mixed\r\n"
            b'Content-Type: application/pdf; name="plans.pdf"\r\n'
            b"Content-Transfer-Encoding: base64\r\n"
            b'Content-Disposition: attachment; filename="plans.pdf"\r\n\r\n'
            + base64.encodebytes(attached).replace(b"\n", b"\r\n")
            + b"--mixed--\r\n",
        )  # fmt: skip

    def html(self, links: int, rows_octets: int) -> str:
        """Return a page with so many links, and so much of paragraphs in each block of four of them."""
        blocks, rest = divmod(links, LINKS_A_BLOCK)
        parts = [HEAD.format(title=self._text(5))]
        for _ in range(blocks):
            url = self._url()
            parts.append(
                BLOCK.format(
                    url=url,
                    button=f"{url}&amp;from=button",
                    image=self._random.randrange(10**9),
                    text=self._text(3).title(),
                    rows=self._rows(rows_octets),
                )
            )
        parts += [LINK.format(url=self._url(), text=self._text(2)) for _ in range(rest)]
        return "".join([*parts, FOOT])

    def _write(self, links: int, rows_octets: int) -> Mail:
        self._number += 1
        number, name = self._number, self._random.choice(NAMES)
        recipient = f"{name.lower()}.{number}@example.net"
        html = self.html(links, rows_octets)
        head = (
            f"From: The shop <{SENDER}>\r\nTo: {name} <{recipient}>\r\n"
            f"Subject: {name}, {self._text(4)} for {self._random.randrange(10, 99)} EUR\r\n"
            f"Date: Mon, 23 Nov 2026 10:{number % 60:02}:00 +0000\r\n"
            f"Message-ID: <{self._random.randbytes(12).hex()}@example.com>\r\n"
            f"List-Unsubscribe: <https://shop.example.com/unsubscribe/{number}>\r\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/alternative; boundary="alternative"\r\n\r\n'
            "--alternative\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"Dear {name},\r\n\r\n{self._text(12)}.\r\n\r\n--alternative\r\n"
            "Content-Type: text/html; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        encoded = quopri.encodestring(html.encode()).replace(b"\n", b"\r\n")
        return Mail(recipient, head.encode() + encoded + b"\r\n--alternative--\r\n")

    def _url(self) -> str:
        path = "-".join(self._random.choices(WORDS, k=3))
        number = self._random.randrange(10**8)
        return (
            f"https://shop.example.com/{path}-{number}?utm_source=newsletter&amp;utm_medium=email"
            f"&amp;utm_campaign={self._random.choice(WORDS)}&amp;item={number}"
        )

    def _text(self, words: int) -> str:
        return " ".join(self._random.choices(WORDS, k=words))

    def _rows(self, octets: int) -> str:
        """Return paragraphs of about so many octets, their markup included."""
        rows, left = [], octets
        while left > len(ROW):
            rows.append(ROW.format(self._text(30)[: max(1, left - len(ROW))][:PARAGRAPH_OCTETS]))
            left -= len(rows[-1])
        return "".join(rows)

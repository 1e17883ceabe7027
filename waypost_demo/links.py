"""The tracked links of a message that came out of the proxy.

Owns: finding them with their texts.
Does not own: what they hold (`tracker.tokens`), or those that are not tracked (`waypost_demo.received`).
"""

import email
import re
from email import policy

from bs4 import BeautifulSoup

TRACKED = re.compile(r"/c/[A-Za-z0-9_-]+$")


def tracked_links(content: bytes) -> list[tuple[str, str]]:
    """Return (text, href) of each tracked link of a received message."""
    message = email.message_from_bytes(content, policy=policy.default)
    body = message.get_body(("html",))
    html = str(body.get_content()) if body is not None else ""
    anchors = BeautifulSoup(html, "html.parser").find_all("a", href=TRACKED)
    return [(anchor.get_text(" ", strip=True), str(anchor["href"])) for anchor in anchors]

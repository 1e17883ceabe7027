"""The pixel that tells of an open: where it can stand in a document, and what is written there.

Owns: finding a place where a browser surely reads markup, and the markup itself.
Does not own: whether a message gets one (`policy`, `part_planner`), its URL (`render`), or what its
request is answered with (`tracker.redirect.answers`).

A place is just before the document's last `</body>`, else at its end. Where neither is surely
outside of a tag, a comment and raw text, there is none.
"""

import re
from typing import Final

from proxy.links.charsets import HtmlView
from proxy.links.html import Scanner
from proxy.links.tokenizer import NEXT_OR_BODY_END

_MARKUP: Final = '<img src="{}" width="1" height="1" alt="" style="display:block">'
_END: Final = b"</body>"
_WHITE_SPACE: Final = b"\t\n\f\r "


def markup(url: str) -> bytes:
    """Return the pixel for a tracked URL, which holds nothing that an attribute could not."""
    return _MARKUP.format(url).encode("ascii")


def octets(url_octets: int) -> int:
    """Return the size of the pixel for a URL of this size."""
    return len(markup("")) + url_octets


def place(view: HtmlView) -> int | None:
    """Return the offset into `view.html` where a pixel can be inserted; None where it cannot."""
    written = view.html.rstrip(_WHITE_SPACE)
    found = BodyEnds(written, view.charset).ends() if written else []
    if not found:
        return None
    at = found[-2] if len(found) > 1 and found[-1] == len(written) else found[-1]
    return at if _can_be_moved(view, at) else None


def _can_be_moved(view: HtmlView, at: int) -> bool:
    """Whether the way back to the body's octets is known there: beside ASCII (`charsets`)."""
    if view.codec == "ascii":
        return True
    return bool(view.runs) and (at < len(view.html) or view.html[-1:].isascii())


class BodyEnds(Scanner):
    """Finds the end tags of `body`, by their offsets."""

    next_tag = NEXT_OR_BODY_END
    passes_usual = False

    def __init__(self, html: bytes, charset: str) -> None:
        # One at the end as a probe: it is found only where markup is read.
        super().__init__(html + _END, charset)
        self._ends: list[int] = []

    def ends(self) -> list[int]:
        """Return them all, that of the probe included."""
        self.run()
        return self._ends

    def read_tag(self, tag: re.Match[bytes]) -> int:
        """Note an end tag of `body`, unless only some mail programs read it as one."""
        plain = not self.foreign.open and not self.conditional and self.limit == len(self.html)
        if plain and tag[2].lower() == b"/body":
            self._ends.append(tag.start(2) - 1)
        return super().read_tag(tag)

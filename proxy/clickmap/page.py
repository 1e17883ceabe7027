"""The page of a click map: one HTML document that needs nothing else, and asks nobody for anything.

Owns: what is drawn on links, and the document around the message, with its policy.
Does not own: figures (`waypost_clickmap`), the message (`links`), or making it harmless (`sanitiser`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from proxy.clickmap.links import MarkedHtml
from proxy.clickmap.sanitiser import Drawing, FoundLink, harmless
from proxy.links.urls import destination

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
"""Nothing is loaded and nothing runs, whatever a message holds."""
NOT_TRACKED = "not tracked"

_TEMPLATES = Environment(
    loader=PackageLoader("proxy.clickmap"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Row:
    """A link with its figures in words. `heat` is its part, 0 to 1, of what the most clicked one has."""

    name: str
    text: str
    people: str
    share: str
    machines: str
    heat: float = 0.0
    doubtful: str = ""
    clicks: str = ""

    @property
    def words(self) -> str:
        """What stands on the link."""
        told = f"{self.people} \N{MIDDLE DOT} {self.share}"
        return f"{told} \N{MIDDLE DOT} {self.machines}" if self.machines else told


@dataclass(frozen=True, slots=True)
class Map:
    """All that the page shows: of the campaign, and of its links, those of the message by their number.

    `others` are links of the campaign that are not in the message, `more` how many of them are not
    listed. `facts` are names and figures of the campaign, `notes` sentences on what is drawn.
    """

    campaign: str
    facts: Sequence[tuple[str, str]]
    rows: Mapping[int, Row]
    others: Sequence[Row]
    more: int = 0
    notes: Sequence[str] = ()


def page(marked: MarkedHtml, drawn: Map) -> str:
    """Return the document; raises NoMap where the message is nested too deeply."""
    rows = [drawn.rows[link.number] for link in marked.links if link.number in drawn.rows]
    shown = {
        "policy": POLICY,
        "map": drawn,
        "rows": list(dict.fromkeys(sorted(rows, key=lambda row: -row.heat))),
        "mail": harmless(marked.html, _draw(marked, drawn.rows)),
        "skipped": {link.destination: str(link.reason.help) for link in marked.skipped},
    }
    return _CONTROLS.sub("", _TEMPLATES.get_template("clickmap.html").render(shown))


def _draw(marked: MarkedHtml, rows: Mapping[int, Row]) -> Callable[[FoundLink], Drawing]:
    """Return what draws on a link: its figures, or why it has none."""
    reasons = {link.destination: str(link.reason.help) for link in marked.skipped}

    def draw(found: FoundLink) -> Drawing:
        row = None if found.number is None else rows.get(found.number)
        if row is not None:
            return Drawing(_link_style(row.heat), row.words, _badge(row.heat), row.name)
        url = destination(found.destination, "utf-8") or found.destination
        return Drawing(UNTRACKED_LINK, NOT_TRACKED, UNTRACKED, reasons.get(url, NOT_TRACKED))

    return draw


_BADGE = (
    "all:initial!important;display:inline-block!important;margin:2px 4px!important;"
    "padding:1px 7px!important;border-radius:9px!important;white-space:nowrap!important;"
    "font:600 12px/1.5 system-ui,sans-serif!important;vertical-align:middle!important;"
)
"""Whatever the message's own style sheets say."""
UNTRACKED = (
    f"{_BADGE}background:#fff!important;color:#5a626c!important;border:1px dashed #8b8f99!important"
)
UNTRACKED_LINK = "outline:1px dashed #8b8f99!important;outline-offset:2px!important"
_DARK = 0.5
"""From so much heat on, a badge is dark, and its text white."""


def _badge(heat: float) -> str:
    ground, text = ("#0b6b5d", "#fff") if heat >= _DARK else ("#d6efe9", "#083f37")
    if not heat:
        ground, text = "#eceef1", "#444b55"
    border = "border:1px solid #0b6b5d!important" if heat else "border:1px solid #8b8f99!important"
    return f"{_BADGE}background:{ground}!important;color:{text}!important;{border}"


def _link_style(heat: float) -> str:
    width = 1 + round(3 * heat)
    return f"outline:{width}px solid #0b6b5d!important;outline-offset:2px!important"

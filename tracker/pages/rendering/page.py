"""A page: its template, filled, and the headers that keep everything else out of it.

Owns: the templates' environment, what every page shows around its content, and the policy on what
it may load.
Does not own: what is on which page (`tracker.pages.site`), or pages that say what failed (`errors`).

Everything that others wrote is escaped by the templates. No page has a script or a style of its own
in it, so that the policy forbids both, and what somebody smuggled in would not run.
"""

import re
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tracker.access.access import Scope
from tracker.access.needs import access_of
from tracker.answers.responses import UNCACHED
from tracker.pages.rendering import assets, numbers

NAVIGATION = (
    ("/", "Overview"),
    ("/links", "Links"),
    ("/clicks", "Clicks"),
    ("/people", "People"),
    ("/messages", "Messages"),
    ("/machines", "Machines"),
    ("/state", "State"),
)
"""Pages that each page leads to: path and name, in this order."""
OF_PERSONS = frozenset({"/clicks", "/people", "/messages"})
"""Those of them that only who may see persons is led to."""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = UNCACHED | {"content-security-policy": POLICY}


def person_url(person: str) -> str:
    """Return where the page of a person is, whatever stands in the name."""
    return f"/people/{quote(person, safe='@', errors='replace')}"


def with_code(text: str) -> Markup:
    """Return a text in which what stands between backticks is code."""
    return Markup(_BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


_BACKTICKS = re.compile("`([^`]*)`")
_TEMPLATES = Environment(
    loader=PackageLoader("tracker.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {
    "number": numbers.number,
    "rate": numbers.rate,
    "day": numbers.day,
    "moment": numbers.moment,
    "when": numbers.when,
    "person_url": person_url,
    "with_code": with_code,
}
_TEMPLATES.globals |= {
    "asset": assets.url,
    "navigation": NAVIGATION,
    "of_persons": OF_PERSONS,
    "plural": numbers.plural,
    "share": numbers.share,
}


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - whatever the template shows
    """Return a page made from a template of `templates`, with its values.

    Every template has `path`, that of the request, `access`, who asks, `sees_persons`, whether they may
    see persons, and `not_counted`, sentences without full stops that say what figures lack.
    """
    access = access_of(request)
    shown = {
        "path": request.url.path,
        "access": access,
        "sees_persons": Scope.PERSONS in access.scopes,
        "not_counted": (),
        **values,
    }
    return HTMLResponse(_TEMPLATES.get_template(template).render(shown), status, headers=HEADERS)

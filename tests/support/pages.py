"""Pages, asked for without a server: by somebody with some scopes; and read as people read them."""

from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match

from config.schema import Config
from tracker.access.access import Access, Scope
from tracker.access.needs import STATE_KEY
from tracker.pages.site import Site

EVERY_SCOPE = tuple(Scope)


def ask(config: Config, url: str, *scopes: Scope) -> Response:
    """Return what a page answers to somebody with these scopes, or with all where none is named."""
    parts = urlsplit(url)
    scope = {
        "type": "http", "method": "GET", "path": parts.path, "root_path": "", "headers": [],
        "query_string": parts.query.encode(),
        "state": {STATE_KEY: Access.of("somebody", *(scopes or EVERY_SCOPE))},
    }  # fmt: skip
    for route in Site(lambda: config).routes:
        match, found = route.matches(scope)
        if match is Match.FULL:
            answer: Response = route.endpoint(Request(scope | found))
            return answer
    raise LookupError(f"there is no page {url}")


def see(config: Config, url: str, *scopes: Scope) -> BeautifulSoup:
    """Return a page that is there."""
    answer = ask(config, url, *scopes)
    assert answer.status_code == 200, answer.body
    return BeautifulSoup(bytes(answer.body), "html.parser")


def rows(page: BeautifulSoup, name: str) -> list[list[str]]:
    """Return the cells of a table, by the id of what it is called."""
    return [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in page.select(f"table[aria-labelledby={name}] tbody tr")
    ]


async def sent(answer: Response) -> str:
    """Return all that an answer in pieces sends."""
    assert isinstance(answer, StreamingResponse)
    body = b"".join([bytes(piece) async for piece in answer.body_iterator])  # type: ignore[arg-type]
    if answer.background is not None:
        await answer.background()
    return str(body, "utf-8")

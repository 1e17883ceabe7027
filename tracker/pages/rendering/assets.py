"""What pages load: style and script, each under a name that changes with its content.

Owns: the files of `static`, and how long a browser keeps them.
Does not own: what stands in them, or who may ask (`tracker.access`).
"""

import functools
import hashlib
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_A_YEAR = "private, max-age=31536000, immutable"
_HASH_CHARACTERS = 16


@functools.cache
def _contents() -> dict[str, bytes]:
    """Return what each file of ours holds: nothing is kept of names that somebody else thinks of."""
    folder = resources.files("tracker.pages").joinpath("static")
    return {each.name: each.read_bytes() for each in folder.iterdir() if _type_of(each.name)}


def _type_of(name: str) -> str | None:
    return _TYPES.get(name.rpartition(".")[2])


@functools.cache
def _hash(name: str) -> str:
    return hashlib.sha256(_contents()[name]).hexdigest()[:_HASH_CHARACTERS]


def url(name: str) -> str:
    """Return where a page finds a file."""
    return f"/static/{name}?v={_hash(name)}"


def asset(request: Request) -> Response:
    """Return a file; a browser keeps it where it was asked for by its content."""
    name = request.path_params["name"]
    content, content_type = _contents().get(name), _type_of(name)
    if content is None or content_type is None:
        raise HTTPException(404)
    is_exact = request.query_params.get("v") == _hash(name)
    headers = {
        "content-type": content_type,
        "cache-control": _A_YEAR if is_exact else "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(content, headers=headers)

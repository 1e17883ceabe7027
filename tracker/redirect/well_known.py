"""What phones look for under `/.well-known/` of a tracking host: universal links, app links.

Owns: reading the files that the configuration names, and which host has which.
Does not own: the answer to a reader (`redirector`), or whether the files are JSON
(`config.loading.file_checks`).
"""

from collections.abc import Callable
from pathlib import Path

from config.keys.secret_files import read_public
from config.schema import Config
from config.telemetry import observe

APPLE = b"/.well-known/apple-app-site-association"
"""Without an extension, and yet application/json (Apple, Supporting associated domains)."""
ANDROID = b"/.well-known/assetlinks.json"

WellKnown = Callable[[str, bytes], bytes | None]
"""Returns the file at a path of a host, as both are requested; None where there is none."""


def load(config: Config) -> WellKnown:
    """Read all files. One that cannot be read is logged and left out: links matter more."""
    found: dict[tuple[str | None, bytes], bytes] = {}
    for each in config.tracker.well_known:
        for name, path in ((APPLE, each.apple_app_site_association), (ANDROID, each.assetlinks)):
            content = _content(path) if path else None
            if content is not None:
                found[each.host, name] = content

    def answer(host: str, path: bytes) -> bytes | None:
        return found.get((_host_name(host), path), found.get((None, path)))

    return answer


def nothing(_host: str, _path: bytes) -> bytes | None:
    """Return None: there are no files."""
    return None


def _content(path: Path) -> bytes | None:
    try:
        return read_public(path)
    except OSError as error:
        observe.log(observe.FILE_UNUSABLE, path=str(path), error=str(error))
        return None


def _host_name(host: str) -> str:
    """Return the name in a Host field (RFC 9110 §7.2), without its port."""
    return host.partition(":")[0].lower().rstrip(".")

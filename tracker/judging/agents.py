"""What a User-Agent claims: a browser of an age, and what such a browser sends.

Owns: which browsers send Fetch Metadata, and which desktop browsers are long outdated.
Does not own: agents of programs that are no browsers (`robots`).
"""

import re

FETCH_METADATA_SINCE_CHROME = 80
"""Chromium sends it since 76; a margin is left for its relatives."""
FETCH_METADATA_SINCE_FIREFOX = 90
FETCH_METADATA_SINCE_SAFARI = (16, 4)
"""Safari on macOS, and every browser on iOS, as all are WebKit there."""

STALE_CHROME = 100
"""Of March 2022. Chrome 109 is the last for Windows 7 and 8, and still in use."""
STALE_FIREFOX = 78
"""Firefox 78 is the last for old macOS, 115 for Windows 7."""
STALE_SAFARI = 13
"""Safari 13 is the last for macOS 10.13."""

_CHROME = re.compile(r"\bChrom(?:e|ium)/(\d+)")
_FIREFOX = re.compile(r"\bFirefox/(\d+)")
_SAFARI = re.compile(r"\bVersion/(\d+)(?:\.(\d+))?.*\bSafari/")
_IOS = re.compile(r"\b(?:iPhone|iPad|iPod)\b.*?\bOS (\d+)_(\d+)")
_MOBILE = re.compile(r"Mobile|Android|iPhone|iPad|iPod|Tablet|Opera Mini|UCWEB|Symbian|BlackBerry")
_BEFORE_CHROMIUM = re.compile(r"\bMSIE |\bTrident/|\bEdge/1\d\.|^Opera/|\bOPR/[1-7]\d\.")
_IN_APP = re.compile(r"; wv\)")


def sends_fetch_metadata(agent: str) -> bool:
    """Return whether the browser that an agent claims to be sends Sec-Fetch-Mode over HTTPS.

    False where it cannot be known, as for pages that apps show in views of their own.
    """
    if ios := _IOS.search(agent):
        is_app = "Safari/" not in agent
        return not is_app and (int(ios[1]), int(ios[2])) >= FETCH_METADATA_SINCE_SAFARI
    if _IN_APP.search(agent) or _BEFORE_CHROMIUM.search(agent):
        return False
    if chrome := _CHROME.search(agent):
        return int(chrome[1]) >= FETCH_METADATA_SINCE_CHROME
    if firefox := _FIREFOX.search(agent):
        return int(firefox[1]) >= FETCH_METADATA_SINCE_FIREFOX
    safari = _SAFARI.search(agent) if "Macintosh" in agent else None
    return bool(safari) and _version(safari) >= FETCH_METADATA_SINCE_SAFARI


def is_stale_desktop(agent: str) -> bool:
    """Return whether an agent claims a desktop browser that hardly anybody uses any more."""
    if _MOBILE.search(agent):
        return False
    if _BEFORE_CHROMIUM.search(agent):
        return True
    if chrome := _CHROME.search(agent):
        return int(chrome[1]) < STALE_CHROME
    if firefox := _FIREFOX.search(agent):
        return int(firefox[1]) < STALE_FIREFOX
    safari = _SAFARI.search(agent) if "Macintosh" in agent else None
    return bool(safari) and _version(safari) < (STALE_SAFARI, 0)


def _version(safari: re.Match[str] | None) -> tuple[int, int]:
    return (int(safari[1]), int(safari[2] or 0)) if safari else (0, 0)

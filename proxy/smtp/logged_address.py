"""Addresses of the envelope as the log may show them.

Owns: how much of a recipient's address is shown, and octets that are no text.
Does not own: what is said of them (`proxy.delivery.outcomes`, `proxy.session.refusals`).
"""

from collections.abc import Iterable

from config.schema import LogRecipients

MOST_NAMED = 50
"""Recipients that one line names; how many they are stands beside them."""


def shown(path: bytes) -> str:
    """Return a path of the envelope as text; what is no UTF-8 is escaped."""
    return path.decode("utf-8", "backslashreplace")


def recipients(paths: Iterable[bytes], how: LogRecipients) -> list[str] | None:
    """Return the first recipients as `[privacy] log_recipients` allows; None where it allows none.

    Of domains each is there once.
    """
    if how == "none":
        return None
    texts: Iterable[str] = map(shown, paths)
    if how == "domain":
        texts = (f"@{text.rpartition('@')[2]}" for text in texts if "@" in text)
    return list(dict.fromkeys(texts))[:MOST_NAMED]

"""Questions about bodies that tests ask."""

from proxy.message.bodies.body import Body, Change


def editable(body: Body, start: int, end: int) -> bool:
    """Return whether a text of the same length could be put in the place of `start:end`."""
    return body.obstacles([Change(start, end, end - start)])[0] is None

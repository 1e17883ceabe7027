"""A subject without what is the reader's, which makes one campaign of one mailing.

Owns: putting `…` in the place of the reader's name (`names`), of dates and times (`dates`), and of
order and customer numbers (`numbers`); and when so little is left that it names no campaign.
Does not own: when this is the campaign (`proxy.policy.headers`).

`Customer 73, winter is coming` and `Customer 9, winter is coming` are both `Customer …, winter is
coming`. What must be true, and is tested: a template's template is itself; the same subject with the
names of two readers has one; it is never longer than its subject; the time is linear in it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from proxy.campaign.dates import Span, dates
from proxy.campaign.names import NOBODY, Reader, names
from proxy.campaign.numbers import numbers

GONE = "…"
"""Stands for what was the reader's."""

MAX_PASSES = 5
"""What stood beside something that is gone may be read otherwise then: all is looked at again."""

_REMEMBERED = 1024
"""Texts whose dates and numbers are: without the names of readers, those of a mailing are one."""

_DIGIT = re.compile("[0-9]")
_RUN = re.compile(r"…(?:[ .‐-]{0,2}…)+")


def template(subject: str, reader: Reader = NOBODY) -> str | None:
    """Return the subject with `…` for what is the reader's; None where nothing else is left."""
    made, text = " ".join(subject.split()), ""
    for _ in range(MAX_PASSES):
        if made == text:
            break
        made, text = _replaced(made, reader), made
    if GONE in made and not any(map(str.isalnum, made)):
        return None
    return made or None


def _replaced(text: str, reader: Reader) -> str:
    """Return a text with `…` for each name, date and number that is found in it."""
    spans = names(text, reader)
    if _DIGIT.search(text):
        spans += _figures(text)
    if spans:
        text = "".join(_pieces(text, sorted(spans)))
    return _collapsed(text)


@lru_cache(maxsize=_REMEMBERED)
def _figures(text: str) -> tuple[Span, ...]:
    """Return where dates, times and numbers stand that are the reader's, whoever that is."""
    return (*dates(text), *numbers(text))


def _pieces(text: str, spans: Iterable[Span]) -> Iterator[str]:
    """Yield the text with each span, and those that overlap it, as one `…`."""
    at = 0
    for start, end in spans:
        if start >= at:
            yield text[at:start]
            yield GONE
        at = max(at, end)
    yield text[at:]


def _collapsed(text: str) -> str:
    """Make one of several `…` in a row: the words of a name, the parts of a number."""
    return _RUN.sub(GONE, text) if GONE in text else text

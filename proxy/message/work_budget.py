"""How much work a message is, counted while it is done, and broken off where it is too much.

Owns: the count and its bound.
Does not own: how many steps are too many, or what becomes of the message then
(`proxy.scheduling.dispatch`).

A step is about a microsecond; whoever does something as often as a message wants says so with
`spend`. The octets of a message do not tell beforehand: 200 KB may be a photograph or 10,000 links,
and base64 hides which. The count is the same wherever and whenever the work is done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class BudgetExceeded(BaseException):
    """The work was broken off. No `Exception`: those are faults, and leave a message untouched."""


class _Allowance:
    """How many steps are left."""

    __slots__ = ("steps",)

    def __init__(self, steps: int) -> None:
        self.steps = steps


_allowance: ContextVar[_Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def limit(steps: int) -> Iterator[None]:
    """Bound the work that is done inside."""
    before = _allowance.set(_Allowance(steps))
    try:
        yield
    finally:
        _allowance.reset(before)


def spend(steps: int) -> None:
    """Count steps that are to come, or were just done. Raises BudgetExceeded past the bound, if any."""
    allowance = _allowance.get()
    if allowance is not None:
        allowance.steps -= steps
        if allowance.steps < 0:
            raise BudgetExceeded

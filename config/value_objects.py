"""Values that nobody changes, of which many are made.

Owns: the decorator of such a class.
Does not own: the classes, or values that are made seldom: these are frozen dataclasses.

Making a frozen dataclass takes six to ten times as long as making one that is not, as each field is set past
the lock. Here the lock is the type checker's.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Return a class as a dataclass with slots, compared and hashed by its fields.

    mypy refuses a change of a field; at run time nothing does.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)

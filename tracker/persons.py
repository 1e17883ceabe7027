"""Who is the same person: how addresses and the application's own ids are compared.

Owns: every rule by which two names are one person's. They differ, each for its reason:

- `normal_address`, for counting and for ids of persons: the domain in lower case, the local part as
  it is, for it is its owner's (RFC 5321 §2.4). Two people are never made one.
- `consent_key`, for consents: all in lower case, without blanks around. Nobody's opt-out may fail
  on a capital letter.
- `written_alike`, for erasure and for what one person did: all in lower case. Who asks to be
  forgotten, or is asked for, is found under any spelling.
- `is_opaque`: what holds no `@` is an id of the application's own, and may be told as it is.

Does not own: the rows of persons (`tracker.store.rows.persons`), or the ids that sites are told
(`tracker.urls.reader_id`).
"""


def is_opaque(person: str) -> bool:
    """Return whether an id of the application's own may be told; with an `@` it is an address."""
    return "@" not in person


def person_name(address: str, person: str | None) -> str:
    """Return the name of the person at an address: the application's own id, else the address."""
    return person or normal_address(address)


def normal_address(address: str) -> str:
    """Return an address with its domain in lower case (RFC 5321 §2.4)."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower()}"


def consent_key(person: str) -> str:
    """Return what the consents of one person have in common, however they are written."""
    return person.strip().lower()


def written_alike(name: str) -> str:
    """Return what names that differ in capital letters alone have in common."""
    return name.lower()

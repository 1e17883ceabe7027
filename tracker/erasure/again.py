"""Forgetting people again whom a database knows again: as one that was restored, or a standby that lagged.

Owns: finding them by what is left of those who were forgotten, and having them erased.
Does not own: that (`tracker.decisions.forgotten`), erasing (`forget`), or when it is needed
(`tracker.nodes.sharing`).
"""

from collections.abc import Iterable

from config.schema import Config
from tracker.decisions.forgotten import Forgotten, ForgottenRecord
from tracker.erasure.forget import erase
from tracker.sql.db import Db

_NAMES = """
    SELECT name FROM persons
    UNION SELECT address FROM deliveries WHERE address IS NOT NULL AND address <> ''
"""


def forget_again(config: Config, db: Db, records: Iterable[ForgottenRecord]) -> int:
    """Erase everybody of these records whom the store knows; return by how many names it did.

    Raises StoreError, DatabaseErrors and OSError.
    """
    forgotten = Forgotten.from_records(records)
    if not forgotten.persons:
        return 0
    with db.atomic():  # streamed, as they may be millions
        found = forgotten.among(row["name"] for row in db.stream(_NAMES))
    for name in sorted(found):
        erase(config, name)
    return len(found)

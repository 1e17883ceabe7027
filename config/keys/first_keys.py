"""The keys that a new configuration needs: one for tracked links, one for DKIM.

Owns: that both are made or neither is, and that no file is overwritten.
Does not own: either key and its file (`token_keys`, `dkim_keys`).
"""

from collections.abc import Iterable
from pathlib import Path

from config.keys import dkim_keys, token_keys


def require_absent(paths: Iterable[Path]) -> None:
    """Raise FileExistsError if one of the files exists."""
    for path in paths:
        if path.exists():
            raise FileExistsError(None, "exists", str(path))


def write_first_keys(tokens: Path, dkim: Path) -> None:
    """Write a key of each kind, and make the folder of the first.

    Raises FileExistsError if one of the files exists, and OSError for all else.
    """
    require_absent((tokens, dkim))
    tokens.parent.mkdir(parents=True, exist_ok=True)
    token_keys.write_token_keys(
        tokens, [token_keys.new_token_key()], identify_secret=token_keys.new_identify_secret()
    )
    dkim_keys.write_dkim_key(dkim)

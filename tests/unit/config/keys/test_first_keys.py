"""The keys that a new configuration needs."""

from pathlib import Path

import pytest

from config.keys.dkim_keys import read_dkim_key
from config.keys.first_keys import write_first_keys
from config.keys.token_keys import read_identify_secret, read_token_keys


def test_both_can_be_used(tmp_path: Path) -> None:
    """And the secret for ids is there from the first day; the folder is made."""
    tokens, dkim = tmp_path / "new" / "token.keys", tmp_path / "new" / "dkim.pem"
    write_first_keys(tokens, dkim)
    assert len(read_token_keys(tokens)) == 1
    assert read_identify_secret(tokens)
    assert read_dkim_key(dkim, "rsa-sha256")


@pytest.mark.parametrize("name", ["token.keys", "dkim.pem"])
def test_either_or_none(tmp_path: Path, name: str) -> None:
    """A key in use is not lost, and no half is left behind."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError):
        write_first_keys(tmp_path / "token.keys", tmp_path / "dkim.pem")
    assert [each.name for each in tmp_path.iterdir()] == [name]

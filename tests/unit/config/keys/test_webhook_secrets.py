"""Secrets of webhooks: what a file must hold, and what is said of any other."""

import base64
from pathlib import Path

import pytest

from config.keys.secret_files import KeyFileError
from config.keys.webhook_secrets import read_webhook_secrets

GOOD = b"whsec_" + base64.b64encode(bytes(range(24)))
OTHER = b"whsec_" + base64.b64encode(bytes(64))


def held(folder: Path, content: bytes) -> Path:
    """Return a file with this content, which only we may read."""
    path = folder / "hook.secret"
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_one_secret_is_read(tmp_path: Path) -> None:
    """As octets, whatever ends the line."""
    assert read_webhook_secrets(held(tmp_path, GOOD + b"\r\n")) == (bytes(range(24)),)


def test_two_secrets_are_read_in_their_order(tmp_path: Path) -> None:
    """While one takes the place of the other."""
    found = read_webhook_secrets(held(tmp_path, GOOD + b"\n\n" + OTHER))
    assert found == (bytes(range(24)), bytes(64))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\n".join([GOOD] * 3), "holds 3 secrets"),
        (base64.b64encode(bytes(32)), "does not begin with whsec_"),
        (b"whsec_" + base64.b64encode(bytes(23)), "of 23 octets"),
        (b"whsec_" + base64.b64encode(bytes(65)), "of 65 octets"),
        (b"whsec_AAAA*AAA", "not base64"),
        (b"whsec_AAAAA", "not base64"),
        (GOOD + b"\nwhsk_" + base64.b64encode(bytes(32)), "does not begin with whsec_"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    """The error names the file and never what it holds."""
    with pytest.raises(KeyFileError) as refused:
        read_webhook_secrets(held(tmp_path, content))
    assert what in refused.value.what
    assert content.decode() not in str(refused.value) or not content.strip()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """Whoever knows the secret can sign."""
    path = held(tmp_path, GOOD)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="can be read or changed by others"):
        read_webhook_secrets(path)

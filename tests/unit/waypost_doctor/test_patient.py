"""What tests of `waypost doctor` know of an installation."""

from pathlib import Path

import pytest

from config.keys import token_keys
from config.keys.dns_answers import resolver_of
from config.schema import Config, KeysConfig
from waypost_doctor.patient import Patient

RESOLVER = resolver_of("127.0.0.1:1")


def test_its_keys_are_those_of_the_file(tmp_path: Path) -> None:
    """Read once, when they are wanted."""
    key = token_keys.new_token_key()
    token_keys.write_token_keys(tmp_path / "token.keys", [key])
    patient = Patient(Config(keys=KeysConfig(file=tmp_path / "token.keys")), RESOLVER)
    assert patient.keyring.minting_id == key.id
    (tmp_path / "token.keys").unlink()
    assert patient.keyring.minting_id == key.id


def test_without_a_key_file_it_has_none() -> None:
    """`check` says so before."""
    with pytest.raises(LookupError):
        Patient(Config(), RESOLVER).keyring  # noqa: B018 - read for its error

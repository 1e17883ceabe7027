"""The check at start: dkimpy verifies what we sign, or nothing is signed."""

import pytest

from config.keys.dkim_keys import dkim_record, new_dkim_key
from proxy.signing.self_check import ProbeFailed, probe
from proxy.signing.signer import Signer
from tests.support.signed import PEMS, RSA, SIGNERS


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_the_published_record_is_the_one_that_init_prints(algorithm: str) -> None:
    """Both come from the same key, and say the same."""
    assert SIGNERS[algorithm].record == dkim_record(PEMS[algorithm])


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_the_probe_passes(algorithm: str) -> None:
    """Dkimpy verifies what we sign at start."""
    probe(SIGNERS[algorithm])


def test_the_probe_notices_a_signature_that_does_not_verify(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault in canonicalisation stops the start, not the first message."""
    monkeypatch.setattr(
        "proxy.signing.signer.relaxed_pieces", lambda message, start: [message[start:]]
    )
    with pytest.raises(ProbeFailed):
        probe(RSA)


class AnotherKey(Signer):
    """A signer whose record holds another key than the one it signs with."""

    @property
    def record(self) -> str:
        """That of another."""
        return dkim_record(new_dkim_key())


class NoSignature(Signer):
    """A signer that signs nothing."""

    def sign(self, message: bytes, now_s: int | None = None) -> bytes:
        """Return the message as it is."""
        return message


class OddSignature(Signer):
    """A signer whose field dkimpy cannot read."""

    def sign(self, message: bytes, now_s: int | None = None) -> bytes:
        """Return the message with a field that lacks all that it must have."""
        return b"DKIM-Signature: v=1\r\n" + message


@pytest.mark.parametrize("kind", [AnotherKey, NoSignature, OddSignature])
def test_whatever_is_wrong_is_one_error_that_names_the_key(kind: type[Signer]) -> None:
    """So that an operator knows which of several it is."""
    with pytest.raises(ProbeFailed, match=r"waypost1\._domainkey\.example\.com: "):
        probe(kind("example.com", "waypost1", PEMS["rsa-sha256"]))


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_a_signer_of_any_domain_is_asked_about_its_own_record(algorithm: str) -> None:
    """In capitals, under a long selector."""
    probe(Signer("NEWS.Example.ORG", "s" * 60, PEMS[algorithm], profile="ses"))

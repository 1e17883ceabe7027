"""The check at start: dkimpy verifies what we sign, or nothing is signed."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.keys.dkim_keys import dkim_record, new_dkim_key
from proxy.signing.self_check import ProbeFailed, probe
from proxy.signing.signer import Signer
from tests.support import rsa_numbers
from tests.support.checks.verifiers import dkimpy_verdict
from tests.support.signed import PEMS, RSA, SIGNERS


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_the_published_record_is_the_one_that_init_prints(algorithm: str) -> None:
    """Both come from the same key, and say the same."""
    assert SIGNERS[algorithm].record == dkim_record(PEMS[algorithm])


class Remembered(Signer):
    """A signer that remembers what it signed, as `signed`."""

    signed: bytes

    def sign(self, message: bytes, now_s: int | None = None) -> bytes:
        """Return the message with our signature."""
        self.signed = super().sign(message, now_s)
        return self.signed


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_the_probe_passes(algorithm: str) -> None:
    """Dkimpy verifies what we sign at start."""
    signer = Remembered("example.com", "waypost1", PEMS[algorithm])
    probe(signer)
    assert dkimpy_verdict(
        signer.signed, {"waypost1._domainkey.example.com": signer.record.encode()}
    )


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
    signer = Remembered("NEWS.Example.ORG", "s" * 60, PEMS[algorithm], profile="ses")
    probe(signer)
    name = f"{'s' * 60}._domainkey.news.example.org"
    assert dkimpy_verdict(signer.signed, {name: signer.record.encode()})


def test_a_key_without_primes_is_noticed() -> None:
    """What is not tried when it is read shows in what it signs."""
    (one, another), (prime, _) = rsa_numbers.primes(1024), rsa_numbers.primes(2048)
    pem = rsa_numbers.pem_of(rsa_numbers.numbers_of(one * another, prime))
    with pytest.raises(ProbeFailed):
        probe(Signer("example.com", "waypost1", pem))


PROBE = """
import sys
from proxy.signing.self_check import probe
from proxy.signing.signer import Signer
probe(Signer("example.com", "waypost1", sys.stdin.buffer.read()))
print("dns" in sys.modules, "dkim.dnsplug" in sys.modules)
"""


def loaded_of_the_dns(folder: Path) -> str:
    """Probe in a process of its own, which imports from `folder` first; return what it prints."""
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{PROBE}"
    return subprocess.run(
        [sys.executable, "-c", program], input=PEMS["rsa-sha256"], capture_output=True, check=True
    ).stdout.decode()


def test_the_probe_loads_no_library_of_the_dns(tmp_path: Path) -> None:
    """A start would take a tenth longer."""
    assert loaded_of_the_dns(tmp_path) == "False False\n"


def test_the_probe_loads_what_dkimpy_cannot_do_without(tmp_path: Path) -> None:
    """Another version may insist on the DNS."""
    (tmp_path / "dkim").mkdir()
    (tmp_path / "dkim" / "dnsplug.py").touch()
    (tmp_path / "dkim" / "__init__.py").write_text(
        "import dkim.dnsplug\n"
        "class DKIMException(Exception): pass\n"
        "class DKIM:\n"
        "    def __init__(self, message): pass\n"
        "    def verify(self, dnsfunc): return True\n"
    )
    assert loaded_of_the_dns(tmp_path) == "False True\n"

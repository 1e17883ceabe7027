"""The check at start: dkimpy verifies what we sign, or nothing is signed."""

import pytest

from config.keys.dkim_keys import dkim_record
from proxy.signing.self_check import ProbeFailed, probe
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
    monkeypatch.setattr("proxy.signing.signer.relaxed_body", lambda body: body)
    with pytest.raises(ProbeFailed):
        probe(RSA)

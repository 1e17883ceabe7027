"""DKIM: our signature, and those that a message already carries.

The face of the room is the Python API of `docs/design.md`; what does the work is imported by its
full path.
"""

from config.keys.dkim_keys import KeyUnusable
from proxy.signing.signer import Signer, SigningError

__all__ = ["KeyUnusable", "Signer", "SigningError"]

"""What all tests of `waypost doctor` know of the installation that they look at.

Owns: the configuration, its keys, and whom the DNS is asked through.
Does not own: any test.
"""

from dataclasses import dataclass
from functools import cached_property

import dns.resolver

from config.schema import Config
from tracker.tokens import Keyring


@dataclass(frozen=True)
class Patient:
    """One installation."""

    config: Config
    resolver: dns.resolver.Resolver

    @cached_property
    def keyring(self) -> Keyring:
        """Its keys of links; `waypost check` has made sure that there are some."""
        if self.config.keys.file is None:
            raise LookupError("keys.file is not set")
        return Keyring.load(self.config.keys.file)

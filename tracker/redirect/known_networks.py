"""The networks of mail filters that are in force: the published ones, as the operator changed them.

Owns: reading the operator's file.
Does not own: its form (`config.filter_networks`), or the published networks (`tracker.judging.networks`).
"""

from config.filter_networks import Networks, parse
from config.keys.secret_files import read_public
from config.schema import Config
from tracker.judging.networks import built_in


def load(config: Config) -> Networks:
    """Return the networks by which new clicks are judged; raises OSError and ValueError."""
    path = config.clicks.networks
    if path is None:
        return built_in()
    return built_in().changed_by(parse(read_public(path).decode().splitlines()))

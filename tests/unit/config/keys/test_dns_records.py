"""The DNS records that a configuration needs."""

from pathlib import Path

import dns.zone

from config.keys import dkim_keys
from config.keys.dns_records import Record, records, split
from config.schema import Config, DkimConfig, SenderConfig, TrackingConfig

NAME = "waypost1._domainkey.example.com"


def test_records_are_those_of_keys_and_hosts(tmp_path: Path) -> None:
    """Each selector once, each public host once; this machine and addresses need none."""
    pem = dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    key = DkimConfig(selector="waypost1", key_file=tmp_path / "dkim.pem")
    config = Config(
        tracking=TrackingConfig(base_url="https://click.example.com"),
        sender=(
            SenderConfig(domain="example.com", base_url="https://click.example.com", dkim=(key,)),
            SenderConfig(domain="example.net", base_url="http://127.0.0.1:8080"),
            SenderConfig(domain="example.org", base_url="http://192.0.2.1"),
        ),
    )
    first, second = records(config)
    assert (first.name, first.value) == (NAME, dkim_keys.dkim_record(pem))
    assert (second.name, second.value) == ("click.example.com", None)


def test_the_lines_of_a_zone_file_hold_the_record(tmp_path: Path) -> None:
    """Read by dnspython's zone parser, no string over 255 octets."""
    pem = dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    wanted = Record(NAME, "TXT", dkim_keys.dkim_record(pem), "DKIM")
    text = "@ IN SOA ns x 1 1 1 1 1\n@ IN NS ns\n" + "\n".join(wanted.zone_lines()) + "\n"
    zone = dns.zone.from_text(text, origin="example.com.", check_origin=False)
    (entry,) = zone.find_rdataset(f"{NAME}.", "TXT")
    assert b"".join(entry.strings).decode() == wanted.value
    assert max(map(len, entry.strings)) <= 255


def test_long_values_are_split_without_loss() -> None:
    """A string of a TXT record holds 255 octets."""
    text = "x" * 255 + "y" * 255 + "z"
    assert list(split(text)) == ["x" * 255, "y" * 255, "z"]

"""The configuration of the demo."""

import socket
from pathlib import Path

from waypost_demo import set_up
from waypost_demo.readers import everybody

SITE = "http://localhost:8082"


def test_a_preferred_port_is_taken_where_it_is_free() -> None:
    """Else any other: somebody's Waypost may be running."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert set_up.free_port(taken) not in {0, taken}
    assert set_up.free_port(taken) == taken


def test_its_configuration_is_sound_and_within_its_folder(tmp_path: Path) -> None:
    """With keys of its own, which nobody else can read."""
    demo = set_up.set_up(tmp_path, 2600, SITE)
    assert (demo.config.relay.host, demo.config.relay.port) == ("127.0.0.1", 2600)
    assert demo.config.store.path == tmp_path / "waypost.db"
    assert [each.domain for each in demo.config.sender] == ["example.com", "example.org"]
    assert demo.config_file.read_text().startswith("[proxy]")
    for name in ("token.keys", "dkim.pem", "webhook.secret"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_its_page_is_the_admin_listeners(tmp_path: Path) -> None:
    """What is printed first is what a browser can open."""
    demo = set_up.set_up(tmp_path, 2600, SITE)
    assert demo.page == f"http://127.0.0.1:{demo.config.tracker.admin_listen[0].port}/"


def test_everybody_is_at_a_domain_that_is_kept_for_examples() -> None:
    """RFC 2606: mail that goes astray reaches nobody."""
    domains = {reader.address.rpartition("@")[2] for reader in everybody()}
    assert all(name.endswith(("example.com", "example.net", "example.org")) for name in domains)

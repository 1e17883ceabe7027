"""What a click keeps of its request, from the socket to the spool."""

import signal
from pathlib import Path
from subprocess import Popen

import pytest

from tests.support.readers.links import CONFIG, Links
from tests.support.readers.readers import BROWSER
from tests.support.waiting import until
from tracker.privacy.pseudonyms import is_pseudonym

BEHIND_PROXY = """\
[tracking]
base_url = "https://click.example.com"
[privacy]
ip = "{privacy}"
[tracker]
trusted_proxies = ["127.0.0.1"]
"""
FILTER = "3.24.133.200"
"""One of Barracuda's, which has the upper half of a /24 of Amazon's."""
OTHER = "3.24.133.2"


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a tracker that readers reach over plain HTTP; it does not run yet."""
    return Links.furnish(tmp_path / "waypost")


def put_behind_proxy(links: Links, privacy: str) -> None:
    """Let it believe a web server on this machine, which readers reach over HTTPS."""
    known = CONFIG.partition("[tracker]\n")[2]
    text = (BEHIND_PROXY + known).replace("{privacy}", privacy)
    links.stack.config.write_text(text.format(folder=links.stack.folder, http=links.stack.http))


def test_a_request_shows_what_it_lacks(links: Links) -> None:
    """A browser's shows nothing; over plain HTTP no Fetch Metadata is missed."""
    named = {"User-Agent": BROWSER["User-Agent"]}
    with links.stack.serving("tracker"):
        links.ask(links.path())
        links.ask(links.path(), **{"Sec-Fetch-Mode": ""})
        links.ask(links.path(), **(dict.fromkeys(BROWSER, "") | named))
        links.ask(links.path(), "HEAD", **{"Sec-Purpose": "prefetch"})
        links.ask(links.path(), **{"User-Agent": "curl/8.7.1"})
        links.ask(links.path(), **{"X-Forwarded-For": FILTER})
        clicks = links.spooled()
    assert [click.signals for click in clicks] == [
        *((), (), ("no-html", "no-language")),
        *(("head", "prefetch"), ("robot-agent",), ()),
    ]
    assert [click.human for click in clicks] == [True, True, False, False, False, True]
    assert {(click.ip, click.network) for click in clicks} == {("127.0.0.0", "127.0.0.0")}


@pytest.mark.parametrize(("privacy", "kept"), [("truncate", "3.24.133.0"), ("none", None)])
def test_signals_are_those_of_the_whole_address(
    links: Links, privacy: str, kept: str | None
) -> None:
    """The web server in front tells who the reader is, and that HTTPS was used."""
    put_behind_proxy(links, privacy)
    told = {"X-Forwarded-Proto": "https"}
    with links.stack.serving("tracker"):
        links.ask(links.path(), **told, **{"X-Forwarded-For": FILTER})
        links.ask(links.path(), **told, **{"X-Forwarded-For": OTHER})
        links.ask(links.path(), **told, **{"X-Forwarded-For": OTHER, "Sec-Fetch-Mode": ""})
        links.ask(links.path(), **{"X-Forwarded-For": OTHER, "Sec-Fetch-Mode": ""})
        clicks = links.spooled()
    assert [click.signals for click in clicks] == [
        *(("scanner-network:barracuda",), ("cloud-network:aws",)),
        *(("cloud-network:aws", "no-fetch-metadata"), ("cloud-network:aws",)),
    ]
    assert {click.ip for click in clicks} == {kept}
    (network,) = {click.network for click in clicks}
    assert network == kept or (kept is None and is_pseudonym(network))


def reload(links: Links, process: Popen[bytes], event: str) -> str:
    """Ask for a reload; return what is logged until `event` is."""
    before = len(links.stack.log.read_text())
    process.send_signal(signal.SIGHUP)
    until(lambda: event in links.stack.log.read_text()[before:])
    return links.stack.log.read_text()[before:]


def test_networks_and_points_change_at_a_reload(links: Links) -> None:
    """For new clicks; where they make no sense, what was in force stays, and the log says why."""
    networks, config = links.stack.folder / "networks.txt", links.stack.config
    config.write_text(f'{config.read_text()}\n[clicks]\nnetworks = "networks.txt"\n')
    networks.write_text("192.0.2.0/24 scanner nobody\n")
    with links.stack.serving("tracker") as process:
        links.ask(links.path())
        networks.write_text("127.0.0.0/24 scanner ours\n")
        reload(links, process, "tracker_reloaded")
        links.ask(links.path())
        networks.write_text("192.0.2.0/24 scanner nobody\nnonsense\n")
        said = reload(links, process, "tracker_not_reloaded")
        links.ask(links.path())
        assert f'{networks}:2: "nonsense" is not a network' in " ".join(said.split())
        networks.unlink()
        config.write_text(f"{config.read_text()}points = {{heads = 1}}\n")
        assert "heads" in reload(links, process, "tracker_not_reloaded")
        clicks = links.spooled()
    assert [click.signals for click in clicks] == [(), *2 * [("scanner-network:ours",)]]
    assert [click.human for click in clicks] == [True, False, False]

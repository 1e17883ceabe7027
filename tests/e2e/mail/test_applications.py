"""Applications that ask for links: the examples of docs/tracker.md, in environments without Waypost."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.clients.programs import need
from tests.support.guarded import token
from tests.support.readers.links import Links
from tests.support.recipes import recipe
from tests.support.repository import ROOT
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

CLIENT = ROOT / "clients" / "python" / "waypost_links.py"
URL = "https://www.example.com/parcel"
TOKEN_FILE = "/etc/waypost/links.token"
TOKEN_LINE = re.compile(r".*links\.token.*\n")
SHORT = re.compile(r"http://127\.0\.0\.1:\d+(/s/\w{7})")


def locked(links: Links) -> Path:
    """Have the admin listener ask for a password; gives its file."""
    file = links.stack.folder / "admin.password"
    file.write_text("horse staple ü\n")
    file.chmod(0o600)
    text = links.stack.config.read_text()
    own = f'admin_password_file = "{file}"\n[store]\n'
    links.stack.config.write_text(text.replace("[store]\n", own))
    return file


def example(file: str, links: Links, own: Mapping[str, str] | None = None) -> str:
    """Return an example of the page, for the listener of this test."""
    addresses = {"127.0.0.1:8081": f"127.0.0.1:{links.stack.admin}"}
    return recipe("From your programs", file, addresses | dict(own or {}), page="tracker.md")


def run_alone(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script beside a copy of the client, with the standard library and nothing else."""
    shutil.copy(CLIENT, folder)
    alone = f"import sys; sys.path.insert(0, {str(folder)!r})\n{script}"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", alone],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def follow(links: Links, printed: str) -> None:
    """Follow the one short link in what was printed, to where the examples lead."""
    (path,) = SHORT.findall(printed)
    assert links.ask(path).location == URL


def test_a_python_application_gets_a_link(links: Links, tmp_path: Path) -> None:
    """Which counts for its person."""
    with links.stack.serving("tracker"):
        done = run_alone(example("sms.py", links), tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        follow(links, done.stdout)
    totals = links.stack.report()["totals"]
    assert (totals["deliveries"], totals["unique_clickers"]["human"]) == (1, 1)


def test_an_old_python_will_do() -> None:
    """Applications need not be of Waypost's age: nothing newer is said, annotations aside."""
    tree = ast.parse(CLIENT.read_text(), feature_version=(3, 9))
    first, *_ = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    assert first.module == "__future__"
    assert [name.name for name in first.names] == ["annotations"]


def token_file(links: Links) -> Path:
    """Make a token as the page tells; gives its file."""
    file = links.stack.folder / "links.token"
    file.write_text(token(links.stack, "shop", "links") + "\n")
    return file


@pytest.mark.parametrize("by_token", [False, True], ids=["password", "token"])
def test_a_python_application_has_the_password(
    links: Links, tmp_path: Path, *, by_token: bool
) -> None:
    """As its file has it, or a token; with another, the plain URL goes out, and the log says why."""
    file = locked(links)
    if by_token:
        file = token_file(links)
    reading = f"__import__('pathlib').Path({str(file)!r}).read_text('utf-8')"
    from_file = {"password=None": f"password={reading}"}
    wrong = {"password=None": "password='wrong'"}
    with links.stack.serving("tracker"):
        done = run_alone(example("sms.py", links, from_file), tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        follow(links, done.stdout)
        done = run_alone(example("sms.py", links, wrong), tmp_path)
        assert done.stdout == f"Your parcel is on its way: {URL}\n"
        assert "answered 401: the password of" in done.stderr


def test_an_application_goes_on_without_waypost(links: Links, tmp_path: Path) -> None:
    """No link dead: the plain URL goes out, or an error if that is preferred."""
    done = run_alone(example("sms.py", links), tmp_path)
    assert (done.returncode, done.stdout) == (0, f"Your parcel is on its way: {URL}\n")
    assert "a plain URL goes out instead of a tracked link" in done.stderr
    done = run_alone(example("sms.py", links, {"or_plain=True": "or_plain=False"}), tmp_path)
    assert done.returncode == 1
    assert "waypost_links.Unavailable: " in done.stderr


def test_what_makes_no_sense_is_told_by_field(links: Links, tmp_path: Path) -> None:
    """The API's own words; no plain URL hides a mistake."""
    with links.stack.serving("tracker"):
        script = example("sms.py", links, {'person="4711"': 'sender="example.edu"'})
        done = run_alone(script, tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        'waypost_links.Refused: sender: "example.edu" is not a [[sender]]; configured: example.com'
    )


@pytest.mark.parametrize("protected", [False, True], ids=["open", "token"])
def test_the_way_by_http_is_as_the_page_tells(links: Links, *, protected: bool) -> None:
    """With curl, with a token and without."""
    need("curl")
    if protected:
        locked(links)
    own = {TOKEN_FILE: str(token_file(links))} if protected else {}
    script = example("sms.sh", links, own)
    if not protected:
        script = TOKEN_LINE.sub("", script)
    with links.stack.serving("tracker"):
        done = subprocess.run(
            ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=60
        )
        assert json.loads(done.stdout)["tracked"] is True
        follow(links, done.stdout)


def test_mail_is_told_its_campaign(tmp_path: Path, mailbox: Mailbox) -> None:
    """By the headers that the client sets, which stay here."""
    links = Links(Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish())
    addresses = {"2525": str(links.stack.smtp)}
    script = recipe("From your programs", "mail.py", addresses, page="tracker.md")
    with links.stack.serving():
        done = run_alone(script, tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        (content,) = mailbox.wait_for(1)
        assert b"X-Track" not in content
        (path,) = re.findall(rb'"http://127\.0\.0\.1:\d+(/c/[\w-]+)"', content)
        assert links.ask(path.decode()).location == URL
        until(lambda: links.stack.report()["campaigns"])
        found = links.stack.report()["campaigns"]
    assert [each["campaign"] for each in found] == ["parcels"]
    assert found[0]["unique_clickers"]["human"] == 1

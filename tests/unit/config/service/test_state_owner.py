"""Whose the store is, and working as that user where root runs a command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config.service import state_owner
from config.service.state_owner import CannotWork, owner_of
from tests.support.repository import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root works as somebody else")
SERVICE, SOMEBODY = 12345, 54321


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the path of a store that is not there yet, in a folder of its own."""
    (tmp_path / "lib").mkdir()
    return tmp_path / "lib" / "waypost.db"


def spool_of(store: Path) -> Path:
    """Return the folder of a store's spool."""
    return store.with_name("waypost.db.spool")


def owner(store: Path) -> int | None:
    """Return the id of the user that commands work as; None for root."""
    found = owner_of(store, spool_of(store))
    return found and found.uid


def test_what_is_all_roots_is_worked_on_as_root(store: Path) -> None:
    """With a store, without one, and without its folder."""
    assert owner(store) is None
    store.touch()
    spool_of(store).mkdir()
    assert owner(store) is None
    assert owner(store.parent / "none" / "yet" / "waypost.db") is None


def test_it_is_the_owner_of_the_folder(store: Path) -> None:
    """Who can exchange all that is in it."""
    store.touch()
    os.chown(store.parent, SERVICE, SERVICE)
    assert owner(store) == SERVICE
    os.chown(store, SOMEBODY, SOMEBODY)
    assert owner(store) == SERVICE


def test_it_is_the_owner_of_the_folder_where_it_will_be(store: Path) -> None:
    """What is made there is theirs."""
    os.chown(store.parent, SERVICE, SERVICE)
    assert owner(store.parent / "none" / "yet" / "waypost.db") == SERVICE


@pytest.mark.parametrize("of", [lambda store: store, spool_of], ids=["store", "spool"])
def test_in_a_folder_of_root_it_is_the_owner_of_what_is_there(
    store: Path, of: Callable[[Path], Path]
) -> None:
    """In a spool that is theirs they could put links, and a store that is theirs they write."""
    of(store).mkdir()
    os.chown(of(store), SERVICE, SERVICE)
    assert owner(store) == SERVICE


def test_behind_a_link_it_is_the_owner_there(store: Path, tmp_path: Path) -> None:
    """SQLite makes its other files there, too."""
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", SERVICE, SERVICE)
    store.symlink_to("../data/waypost.db")
    assert owner(store) == SERVICE


def test_links_without_an_end_are_told(store: Path) -> None:
    """As the kernel does (ELOOP)."""
    store.symlink_to(store.name)
    with pytest.raises(CannotWork, match="too many symbolic links"):
        owner(store)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_root_works_in_no_folder_that_others_can_change(store: Path, mode: int) -> None:
    """Not even a sticky one, as /tmp is: what is not there yet, they could make."""
    os.chown(store.parent, 0, SOMEBODY)
    store.parent.chmod(mode)
    with pytest.raises(CannotWork, match=f"others can change {store.parent}"):
        owner(store)


def test_a_group_of_root_is_root(store: Path) -> None:
    """A umask of 002 makes such folders."""
    store.parent.chmod(0o770)
    assert owner(store) is None


def test_root_works_below_no_folder_of_somebody_else(store: Path, tmp_path: Path) -> None:
    """Who could rename root's folder, and put another in its place."""
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    with pytest.raises(CannotWork, match=f"user {SOMEBODY}, to whom {tmp_path} belongs"):
        owner(store)
    os.chown(tmp_path, 0, 0)
    tmp_path.chmod(0o777)
    with pytest.raises(CannotWork, match=f"others can change {tmp_path}"):
        owner(store)


def test_root_follows_no_link_of_somebody_else(store: Path, tmp_path: Path) -> None:
    """It may lead elsewhere when a file is opened."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "link").symlink_to(store.parent)
    os.chown(tmp_path / "theirs", SOMEBODY, SOMEBODY)
    with pytest.raises(CannotWork, match=f"to whom {tmp_path / 'theirs'} belongs"):
        owner(tmp_path / "theirs" / "link" / "waypost.db")


BECOME = """
import json, os, sys
from pathlib import Path
from config.service import state_owner

state_owner.become_owner(Path(sys.argv[1]), Path(sys.argv[1] + ".spool"))
owner = state_owner.worked_as()
print(json.dumps({
    "users": os.getresuid(), "groups": os.getresgid(), "others": os.getgroups(),
    "caller": state_owner.caller(), "as": owner and owner.name,
}))
try:
    os.setuid(0)
except PermissionError:
    print(json.dumps("for good"))
"""


def became(store: Path) -> list[dict[str, object]]:
    """Have a process become the owner of a store; return what it says of itself."""
    done = subprocess.run(
        [sys.executable, "-c", BECOME, store], cwd=ROOT, capture_output=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_process_becomes_the_owner_for_good(store: Path) -> None:
    """With no group of root's, and nothing to come back by."""
    os.chown(store.parent, SERVICE, SERVICE)
    facts, last = became(store)
    assert facts == {
        "users": [SERVICE] * 3,
        "groups": [SERVICE] * 3,
        "others": [SERVICE],
        "caller": 0,
        "as": f"user {SERVICE}",
    }
    assert last == "for good"


def test_the_groups_of_an_account_are_its_own(store: Path) -> None:
    """Whatever group the folder has."""
    os.chown(store.parent, 65534, 0)
    facts, _ = became(store)
    assert (facts["as"], facts["groups"]) == ("nobody", [65534] * 3)
    assert 0 not in facts["others"]  # type: ignore[operator]


def test_a_user_without_an_account_gets_no_group_of_root(store: Path) -> None:
    """A folder may have it where the one above hands on its group (setgid)."""
    os.chown(store.parent, SERVICE, 0)
    facts, _ = became(store)
    assert facts["groups"] == [SERVICE] * 3


def test_a_process_stays_root_where_all_is_roots(store: Path) -> None:
    """Nothing is given up."""
    facts, *_ = became(store)
    assert (facts["users"], facts["as"], facts["caller"]) == ([0] * 3, None, 0)


def test_who_is_not_root_stays_who_they_are(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They could become nobody else."""
    os.chown(store.parent, SERVICE, SERVICE)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    state_owner.become_owner(store, spool_of(store))
    assert os.getuid() == 0
    assert state_owner.worked_as() is None


def test_what_the_kernel_refuses_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container without CAP_SETUID; nothing is done as root instead."""

    def refuse(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    os.chown(store.parent, SERVICE, SERVICE)
    monkeypatch.setattr(os, "setgroups", refuse)
    with pytest.raises(CannotWork, match=f"cannot work as user {SERVICE}.*not permitted"):
        state_owner.become_owner(store, spool_of(store))


SHOW = """
import os, sys
from pathlib import Path
from config.service import state_owner

state_owner.become_owner(Path(sys.argv[1]), Path(sys.argv[1] + ".spool"))
if sys.argv[2] == "shown":
    state_owner.show_files_to_children()
descriptor = os.memfd_create("buffer")
child = os.fork()
if not child:
    os.execv("/bin/cat", ["cat", f"/proc/{os.getppid()}/fd/{descriptor}"])
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(("how", "status"), [("hidden", 1), ("shown", 0)])
def test_a_service_lets_its_own_processes_open_its_memory(
    store: Path, how: str, status: int
) -> None:
    """Else no large message could be worked on; a command is not looked into."""
    os.chown(store.parent, SERVICE, SERVICE)
    done = subprocess.run(
        [sys.executable, "-c", SHOW, store, how], cwd=ROOT, capture_output=True, check=True
    )
    assert done.stdout == f"{status}\n".encode()


def test_a_user_namespace_shows_the_machines_root_as_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not mapped there is no other user of it; where all are mapped, nobody is a user."""
    assert not state_owner._is_roots(65534)
    monkeypatch.setattr(state_owner, "_is_mapped", lambda uid: uid == 0)
    assert state_owner._is_roots(65534)
    assert not state_owner._is_roots(1000)

"""`waypost check`: what is wrong with a configuration.

Owns: how the answer is printed, for people and as JSON.
Does not own: what is in force (`config.cli.show`), finding the problems (`config.loading.load`), what is often left untracked
(`config.telemetry.left_mail`), or asking the database that nodes share (`tracker.nodes.inspection`).
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from config.cli.listing import print_json
from config.cli.options import config_file_option, work_as_owner
from config.cli.output import echo
from config.files import reserve, store_header
from config.keys.token_keys import minting_key, read_token_keys
from config.loading.config_file import ConfigFile
from config.loading.load import Examined, Problem, examine
from config.schema import BareNewlines, Config, SenderConfig, StoreConfig
from config.store_url import masked
from config.telemetry.exposition import directory_of
from config.telemetry.left_mail import frequent
from config.values import Address
from tracker.store.file import moved

if TYPE_CHECKING:
    from tracker.nodes.inspection import Server

UPGRADE_SPARE = 32 * 1024 * 1024
"""Octets that an upgrade of the store leaves free."""
EMPTY_STORE = 1024 * 1024
"""Octets that a store of this version takes at most with nothing in it: each table has a page."""


@click.command()
@config_file_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Only problems and warnings.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.pass_context
def check(
    ctx: click.Context, config: ConfigFile, *, as_json: bool, quiet: bool, strict: bool
) -> None:
    """Report every problem of the configuration and of the files it names.

    The relay is not contacted, and DNS is not asked: see `waypost dns --check`. A database of PostgreSQL is
    asked: what keeps a service from starting is a problem, all else that is wrong there a warning, as mail and
    redirects do not need it.

    While a proxy runs, warns too of what it often leaves untracked, of a store that the tracker is to upgrade
    or that was copied elsewhere, and of a disk that is too full to keep room for a purge; `--strict` takes no
    notice of that.
    """
    found = examine(config)
    seen = (*_often_left(config, found.config), *_of_file_store(config, found.config))
    summary = () if found.config is None else tuple(_summary(found.config))
    found, server = _asked(config, found)
    if as_json:
        print_json(_as_json(config, found, seen, server))
    else:
        told = () if quiet else (*summary, *_server(server))
        echo(*_report(config, found, seen, told, quiet))
    ctx.exit(1 if found.problems or (strict and found.warnings) else 0)


def _asked(file: ConfigFile, found: Examined) -> tuple[Examined, "Server | None"]:
    """Ask the database that nodes share, where there is one; return also what is wrong with that.

    Root asks as the owner of the store, as whom its services do.
    """
    if found.config is None or found.config.store.engine == "sqlite":
        return found, None
    from tracker.nodes import inspection  # noqa: PLC0415 - no other machine needs it

    problems, warnings = list(found.problems), list(found.warnings)
    try:
        asked = inspection.inspect(work_as_owner(found.config))
    except click.ClickException as error:
        warnings.append(Problem(file.path, None, "store.state", error.message))
        return replace(found, warnings=tuple(warnings)), None
    for each in asked.found:
        about = Problem(file.path, None, "store.url", each.what, each.trouble.cure)
        if each.trouble is not inspection.Trouble.SILENT:  # which is no matter of this machine's
            (problems if each.trouble.stops else warnings).append(about)
    return replace(found, problems=tuple(problems), warnings=tuple(warnings)), asked.server


def _often_left(file: ConfigFile, config: Config | None) -> tuple[Problem, ...]:
    """Return what running proxies leave untracked often."""
    if config is None:
        return ()
    metrics = directory_of(config.store.spool_dir)
    return tuple(Problem(file.path, None, "", *each) for each in frequent(metrics))


def _of_file_store(file: ConfigFile, config: Config | None) -> tuple[Problem, ...]:
    """Return what is to be said of a store in a file; one that is left beside a server's is none any more."""
    if config is None or config.store.engine != "sqlite":
        return ()
    return (
        *_earlier_store(file, config),
        *_copied_store(file, config),
        *_no_reserve(file, config),
    )


def _earlier_store(file: ConfigFile, config: Config) -> tuple[Problem, ...]:
    """Return that the store is of an earlier version, and whether there is room for the new one."""
    path = config.store.path
    try:
        header, octets = store_header.read(path), path.stat().st_size
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ()  # there is none yet, or the service says what is wrong with it
    if header is None or not header.is_earlier:
        return ()
    what = (
        f"{path} is of an earlier version: the tracker upgrades it when it starts, in a new file beside"
        f" it, which takes up to {octets + EMPTY_STORE} octets"
    )
    needed = octets + EMPTY_STORE + UPGRADE_SPARE
    lacking = f"{free} octets are free: make room first" if free < needed else ""
    return (Problem(file.path, None, "store.url", what, lacking),)


def _copied_store(file: ConfigFile, config: Config) -> tuple[Problem, ...]:
    """Return that the store was given up for another, which is to be named."""
    found = moved.find(config.store.path)
    return () if found is None else (Problem(file.path, None, "store.url", found.what, found.cure),)


def _no_reserve(file: ConfigFile, config: Config) -> tuple[Problem, ...]:
    """Return that the disk has too little room to keep what a purge needs once it is full."""
    try:
        octets = reserve.lacking_octets(config.store.path)
    except OSError:
        return ()  # the service says what is wrong with that folder
    if not octets:
        return ()
    what = f"{reserve.file_of(config.store.path)}, room for a purge on a full disk, cannot be kept"
    return (
        Problem(file.path, None, "store.url", what, f"make room: {octets} octets have to be free"),
    )


def _as_json(
    file: ConfigFile, found: Examined, seen: tuple[Problem, ...], server: "Server | None"
) -> dict[str, object]:
    return {
        "file": None if file.path is None else str(file.path),
        "ok": not found.problems,
        "problems": list(map(_problem, found.problems)),
        "warnings": list(map(_problem, (*found.warnings, *seen))),
        "database": None if server is None else asdict(server),
    }


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "line": problem.line,
        "variable": problem.variable,
        "key": problem.key,
        "what": problem.what,
        "hint": problem.hint,
    }


def _report(
    file: ConfigFile,
    found: Examined,
    seen: tuple[Problem, ...],
    told: Iterable[str],
    quiet: bool,  # noqa: FBT001 - as the option
) -> Iterator[str]:
    warnings = (*found.warnings, *seen)
    yield from map(str, found.problems)
    yield from (f"{warning}  [warning]" for warning in warnings)
    if quiet:
        return
    yield from told
    counts = [_count(found.problems, "problem"), _count(warnings, "warning")]
    told = ", ".join(filter(None, counts))
    yield f"{file}: {told or 'ok'}"


def _count(items: tuple[Problem, ...], noun: str) -> str:
    return f"{len(items)} {noun}{'s' * (len(items) != 1)}" if items else ""


def _summary(config: Config) -> Iterator[str]:
    proxy = config.proxy
    yield f"takes mail on   {_listed([*proxy.listen, *proxy.listen_tls])}, as {proxy.hostname}"
    for relay in config.relays:
        named = f"{relay.name}: " if relay.name else ""
        addresses = [Address(relay.host, relay.port), *relay.fallback]
        yield f"hands it to     {named}{_listed(addresses)}, TLS {relay.tls}"
    yield f"links begin     {config.tracking.base_url}/c/"
    yield f"takes clicks on {_listed(config.tracker.listen)}"
    yield f"keeps them in   {_store(config.store)}"
    for sender in config.sender:
        yield f"sender          {sender.domain}: {_signing(sender, proxy.bare_newlines)}"
    if config.keys.file:
        keys = read_token_keys(config.keys.file)
        yield f"token keys      {len(keys)}; number {minting_key(keys).id} makes new links"


def _server(server: "Server | None") -> Iterator[str]:
    if server is not None:
        yield f"who answers     {server}"


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))


def _store(store: StoreConfig) -> str:
    if store.engine == "sqlite":
        return str(store.path)
    return f"{masked(store.url)}, as {store.node}, whose files are in {store.state}"


def _signing(sender: SenderConfig, bare_newlines: BareNewlines) -> str:
    if sender.sign == "never" or not sender.dkim:
        return "not signed by us"
    what = "all mail" if sender.sign == "always" else "rewritten mail"
    keys = _listed(f"{key.selector} ({key.algorithm})" for key in sender.dkim)
    became = "mended" if bare_newlines == "normalise" else "refused, as it cannot be"
    bare = f"; with a bare CR or LF: {became}" if sender.sign == "always" else ""
    return f"{what} signed with {keys}{bare}"

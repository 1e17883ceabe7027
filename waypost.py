"""The `waypost` command: imports the subcommand that is called, from packages that are ours.

Owns: the command line's entry point, where each subcommand stands, the check that the packages
found are ours, and that SIGHUP does not end a service that is starting.
Does not own: what a subcommand does, or a reload (`config.service.reload`).
"""

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

SERVICES = ("feed", "proxy", "serve", "tracker")
"""The subcommands that read their configuration again at SIGHUP."""


def hold_sighup(arguments: Sequence[str]) -> None:
    """Have SIGHUP wait where a service is started, until that hears it (`config.service.reload`).

    Until then it would end the process: whoever asks for a reload cannot know how far a start is.
    """
    if next((each for each in arguments if not each.startswith("-")), None) in SERVICES:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


# Pydantic would look for plugins in all that is installed, at every start; we use none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

if Path(sys.argv[0]).name == "waypost":
    # Before click is imported, which takes as long as Python's own start.
    hold_sighup(sys.argv[1:])
    # A process that a service starts imports this as well, and runs no command.
    if "multiprocessing.spawn" not in sys.modules:
        # Until all is imported: nothing of that becomes garbage, and to look for it takes a tenth of the time.
        gc.disable()

import click  # noqa: E402
from click.shell_completion import CompletionItem  # noqa: E402

PACKAGES = ("config", "tracker", "proxy", "waypost_demo", "waypost_doctor")

COMMANDS = {
    "activity": "tracker.cli.reports.report:activity",
    "backup": "tracker.cli.operations.backup:backup",
    "check": "tracker.cli.check:check",
    "classify": "tracker.cli.reports.classify:classify",
    "clickmap": "waypost_clickmap:clickmap",
    "clickers": "tracker.cli.reports.report:clickers",
    "consent": "tracker.cli.decisions.consent:consent",
    "decode": "tracker.cli.reports.decode:decode",
    "demo": "waypost_demo.command:demo",
    "dns": "config.cli.dns:dns_command",
    "doctor": "waypost_doctor.command:doctor",
    "explain": "proxy.cli.inspect:explain",
    "export": "tracker.cli.reports.report:export",
    "feed": "tracker.cli.feed:feed",
    "forget": "tracker.cli.decisions.forget:forget",
    "healthcheck": "waypost_doctor.health:healthcheck",
    "identify": "tracker.cli.reports.identify:identify",
    "init": "config.cli.init:init",
    "keys": "config.cli.keys.group:keys_group",
    "link": "tracker.cli.link:link",
    "message": "tracker.cli.reports.message:message",
    "nodes": "tracker.cli.operations.nodes:nodes",
    "password": "config.cli.password:password",
    "proxy": "proxy.cli.serve:proxy_command",
    "purge": "tracker.cli.operations.purge:purge",
    "reclassify": "tracker.cli.operations.reclassify:reclassify",
    "redirect": "tracker.cli.decisions.overrides:redirect",
    "report": "tracker.cli.reports.report:report",
    "restore": "tracker.cli.operations.backup:restore",
    "revoke": "tracker.cli.decisions.overrides:revoke",
    "rewrite": "proxy.cli.inspect:rewrite",
    "serve": "waypost_serve:serve",
    "show": "config.cli.show:show",
    "store": "tracker.cli.operations.store:store_group",
    "token": "tracker.cli.decisions.token:token",
    "tracker": "tracker.cli.serve:tracker",
    "webhook": "tracker.cli.operations.webhook:webhook_group",
}
"""Each subcommand's module and its name there. Only the one that is called is imported: to import
all of them takes as long as most of them take to run."""


SUMMARIES = {
    "activity": "Print what was sent to ADDRESS (or a person's own id), what was clicked, and how it was judged.",
    "backup": "Copy all that matters to the new folder DIR, while services run.",
    "check": "Report every problem of the configuration and of the files it names.",
    "classify": "Judge the requests of FILE, a trace: a person's, doubtful, or a machine's.",
    "clickers": "Print who clicked LINK, named as `waypost report` does: its group or URL.",
    "clickmap": "Draw on MESSAGE (a .eml file, or - for standard input) what its links did in CAMPAIGN.",
    "consent": "Note that PERSON (an address, or your own id) agreed to LEVEL; without LEVEL, show it.",
    "decode": "Show what the tracked link URL, full or short, holds; a bare token will do as well.",
    "demo": "Show the whole thing: a temporary Waypost with weeks of mail, its page, and your own mail.",
    "dns": "Print the DNS records that the configuration needs, as lines of a zone file.",
    "doctor": "Try everything as an operator would, and say what is wrong, with the cure.",
    "explain": "Show each link of the message in FILE: whether it is tracked, and why not.",
    "export": "Print every click that is kept, one a line, in the order in which they were counted.",
    "feed": "Count what waits in the spool and tell webhooks, where no tracker does.",
    "forget": "Erase who is known by ADDRESS (or by your own id): names, addresses, and URLs with them.",
    "healthcheck": "Ask the SERVICE that runs here whether it is well: serve (both), proxy or tracker.",
    "identify": "Show who is behind ID, which [tracking.identify] told a destination.",
    "init": "Write DIR/waypost.toml, its keys, and say what to do next.",
    "keys": "Make keys; list, rotate and revoke those of tracked links; renew a certificate.",
    "link": "Print a tracked link to URL, for SMS, push, chat or print.",
    "message": "Print what became of a message: who handed it in, what the relay said, who clicked.",
    "nodes": "List the machines that share this database, and what is wrong among them.",
    "password": "Make a hash (Argon2id) of a password, for the file that `[tracker] admin_password_file` names.",
    "proxy": "Take mail over SMTP and hand it to the relay, its links tracked.",
    "purge": "Delete messages older than this, with their recipients and clicks.",
    "reclassify": "Judge all clicks that are kept anew: people's, doubtful, or machines'.",
    "redirect": "Lead all links to the URL OLD to the URL NEW instead.",
    "report": "Print messages, deliveries and clicks: in total, by campaign, by link.",
    "restore": "Put the backup in DIR back, once proxy and tracker are stopped.",
    "revoke": "Withdraw links that were sent: readers get a plain page (410) instead.",
    "rewrite": "Write the message in FILE (or standard input) as the relay would get it, but unsigned.",
    "serve": "Run proxy and tracker together.",
    "show": "Print what is in force, and where each value came from: the file, the environment, a default.",
    "store": "Copy the store from a file of SQLite into a database of PostgreSQL.",
    "token": "Add, list and revoke tokens by which programs ask the admin listener.",
    "tracker": "Redirect and count clicks, without the mail proxy.",
    "webhook": "List webhooks and what waits for them; have it tried again; send an example.",
}
"""What `--help` says of each: the first sentence of its own help, which a test compares."""


class Commands(click.Group):
    """The group of all COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all subcommands, for `--help`."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return one subcommand, imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        gc.freeze()  # what was imported stays: the first collection need not go through all of it
        gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each subcommand does, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what a shell offers for the beginning of a word, without importing any."""
        if not incomplete[:1].isalnum() and incomplete:
            return super().shell_complete(ctx, incomplete)
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [CompletionItem(name, help=SUMMARIES[name]) for name in names]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse our own options; an error quotes no control of theirs."""
        with _escaped_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; an error quotes no control of what it was given, or found."""
        with _escaped_errors():
            return super().invoke(ctx)


def _escaped_errors() -> AbstractContextManager[None]:
    """Import `config.cli.output` now that `config` is known to be ours."""
    made: AbstractContextManager[None] = importlib.import_module(
        "config.cli.output"
    ).escaped_errors()
    return made


class ForeignPackageError(RuntimeError):
    """Another package in this environment has one of our names."""


def verify_packages() -> None:
    """Raise ForeignPackageError unless our packages are in the folder of this file (ADR 0001)."""
    home = Path(__file__).resolve().parent
    for name in PACKAGES:
        found = importlib.import_module(name).__file__
        if found is None or Path(found).resolve().parent.parent != home:
            raise ForeignPackageError(
                f"the package {name!r} at {found} is not Waypost's: "
                "install Waypost into an environment of its own (pipx, or a venv)"
            )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="waypost")
def cli() -> None:
    """Waypost: a link-tracking SMTP proxy."""


def main() -> None:
    """Run the command line; the exit status is 0 ok, 1 problem found, 2 usage."""
    hold_sighup(sys.argv[1:])
    try:
        verify_packages()
    except ForeignPackageError as error:
        sys.exit(f"waypost: {error}")
    cli()

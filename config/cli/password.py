"""`waypost password`: the hash of a password for the admin listener.

Owns: asking for the password, and where its hash goes.
Does not own: the hash (`config.keys.password_hash`), or the file's permissions
(`config.keys.secret_files`).
"""

import sys
from pathlib import Path

import click

from config.cli.output import echo
from config.keys import password_hash
from config.keys.secret_files import write_secret

NEXT = """\
Wrote {file}, which only its owner can read. Name it in the configuration, if it is not there yet:

[tracker]
admin_password_file = "{file}\""""


@click.command()
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the hash there, in the place of what the file holds, instead of printing it.",
)
def password(file: Path | None) -> None:
    """Make a hash (Argon2id) of a password, for the file that `[tracker] admin_password_file` names.

    The password is asked for, or read from standard input: its first line.
    """
    made = password_hash.make(_asked().encode("utf-8", "surrogateescape"))
    if file is None:
        echo(made)
        return
    try:
        write_secret(file.absolute(), made.encode() + b"\n", replace=True)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    echo(*NEXT.format(file=file.absolute()).split("\n"))


def _asked() -> str:
    """Return the password; raises click.ClickException for none."""
    if sys.stdin.isatty():
        given = str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        given = sys.stdin.buffer.readline().rstrip(b"\r\n").decode("utf-8", "surrogateescape")
    if not given.strip():
        raise click.ClickException("an empty password would let everybody in")
    return given

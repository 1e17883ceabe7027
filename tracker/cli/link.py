"""`waypost link`: a tracked link for SMS, push, chat or print.

Owns: the command.
Does not own: what may be asked for (`tracker.minting.request`), and the link itself (`tracker.minting.mint`).
"""

from functools import partial

import click
from pydantic import ValidationError

from config.cli.options import config_option
from config.schema import Config
from config.telemetry import observe
from tracker.cli.common import keyring_of
from tracker.decisions.consents import Consents
from tracker.decisions.files import CONSENTS
from tracker.minting.mint import Mint, Minted
from tracker.minting.request import CannotMake, LinkRequest
from tracker.minting.short_links import ShortLinks
from tracker.spool.writer import Spool, SpoolError
from tracker.urls.reader_id import Identifier


@click.command()
@click.argument("url")
@click.option("--person", help="Whose link it is: an address, or your own id.")
@click.option("--campaign", help="The campaign it counts for.")
@click.option("--group", help="What reports call the link, instead of its URL.")
@click.option(
    "--sender",
    metavar="DOMAIN",
    help="The domain of a [[sender]], whose tracking host and switches count.",
)
@click.option("--track/--no-track", default=True, help="Whether clicks are counted (they are).")
@click.option(
    "--url-params/--no-url-params",
    default=True,
    help="Whether [tracking.url_params] are added (they are).",
)
@click.option("--short", is_flag=True, help="Give a short link, which needs a file to live on.")
@config_option
def link(config: Config, **asked: object) -> None:
    """Print a tracked link to URL, for SMS, push, chat or print.

    Every call makes a new one, which reports count like a message with one link.
    """
    observe.configure("error", config.log.format)
    try:
        wanted = LinkRequest.model_validate(asked)
        click.echo(minted(config, wanted).url)
    except ValidationError as error:
        problems = [f"{_option(each['loc'])}: {_said(each['msg'])}" for each in error.errors()]
        raise click.ClickException("\n".join(problems)) from None
    except CannotMake as error:
        raise click.ClickException(f"{_option((error.field,))}: {error}") from None
    except PermissionError as error:
        raise click.ClickException(f"{error}: run as the user of the service") from None
    except (SpoolError, OSError) as error:
        raise click.ClickException(f"no link was made: {error}") from None


def minted(config: Config, wanted: LinkRequest) -> Minted:
    """Make a link in this process; raises what `minting.Mint.link` does."""
    keyring, agreed = keyring_of(config), Consents.summed(CONSENTS.known(config.store.path).made)
    short_links = ShortLinks(config.store.path)
    identifier = partial(Identifier.of, config)
    spool = Spool.open(config.store.spool_dir, "link")
    try:
        mint = Mint(lambda: keyring, lambda: agreed, spool.append, short_links, identifier)
        return mint.link(config, wanted)
    finally:
        spool.close()


def _option(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return "URL" if name == "url" else f"--{name}"


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")

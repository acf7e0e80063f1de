"""`codemem open`: the pages in a browser."""

from __future__ import annotations

import sys

import click

from codemem_core.commands import Host, db_option, pass_host, say
from codemem_core.errors import CodememError
from codemem_core.paths import database_path
from codemem_viewer.runtime_paths import Place, answers, page_link
from codemem_viewer.serve import serve


@click.command("open")
@click.argument("page", default="")
@click.option("--print", "only_print", is_flag=True, help="Print the link; start no browser.")
@db_option
@click.pass_context
@pass_host
def open_(
    host: Host, context: click.Context, page: str, *, only_print: bool, db_path: str | None
) -> None:
    """Open the pages in a browser; the server is started if none runs.

    PAGE is the name of a page, such as `memories`, `rules` or `review`. The link works once.

    Example: codemem open review
    """
    place = Place.of(database_path(host.settings, db_path))
    if not answers(place):
        context.invoke(serve, action="start", db_path=db_path)
    url = place.server_lock().read_note().get("url")
    if not url:
        raise CodememError("the server has no pages", hint="`codemem serve status` says why")
    path = page.strip("/")
    if only_print and not sys.stdout.isatty():
        say(f"{url}{path}")  # a link with a key in it belongs in no file
        return
    link = page_link(place, url, path)
    say(link)
    if not only_print:
        click.launch(link)

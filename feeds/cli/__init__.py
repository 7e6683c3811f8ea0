"""The `feeds` command."""

import sys

SUBCOMMANDS = {
    "build": "Write the whole site into the folder OUT.",
    "check": "Report what is wrong in ARCHIVE.",
    "export": "Write one edition in one format.",
    "formats": "List the registered formats.",
    "hosting": "Write a configuration to host the site with.",
    "images": "Fetch the papers' images for pages, feeds and books.",
    "init": "Write a settings file into ARCHIVE.",
    "metadata": "Fetch what arXiv and Crossref know of the papers.",
    "publish": "Upload the whole site to URL.",
    "readers": "List the registered readers.",
    "send": "Mail a book to ADDRESS, such as a Kindle.",
    "serve": "Serve ARCHIVE over HTTP.",
}
"""What each subcommand does; the module of the same name has it as `command`."""

_HELP = """\
Usage: feeds [OPTIONS] COMMAND [ARGS]...

  Turn a folder of daily paper digests into feeds, books and reading lists.

  ARCHIVE is that folder; by default $FEEDS_ARCHIVE, or else "seeds".

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
"""


def main() -> None:
    """Run the command line."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        lines = "".join(f"  {name:9}{text}\n" for name, text in SUBCOMMANDS.items())
        (sys.stdout if arguments else sys.stderr).write(_HELP + lines)
        sys.exit(0 if arguments else 2)
    from feeds.cli import commands  # here, because to import Click takes longer than to print the help

    commands.run()

"""Selects an edition by a key or by the options of a search."""

from collections.abc import Callable, Mapping

import click

from feeds.errors import FeedsError, UnknownEditionError
from feeds.exporters.contract import Format, Resource
from feeds.model.keys import EXAMPLES, Scope, key_hint
from feeds.model.query import PARAMETERS
from feeds.publishing.publisher import Publisher


def search_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for every parameter of a search."""
    for name, parameter in reversed(list(PARAMETERS.items())):
        option = click.option(f"--{name.replace('_', '-')}", name, metavar="VALUE", help=parameter.help)
        command = option(command)
    return command


def given_parameters(parameters: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Return the parameters of a search whose options were given."""
    return [(name, value) for name, value in parameters.items() if value is not None]


def find_resource(publisher: Publisher, item: Format, key: str | None, parameters: list[tuple[str, str]]) -> Resource:
    """Return an edition in a format; without a key the results of a search, or else `latest`.

    Raises UnknownEditionError if there is none, and FeedsError for search parameters of another edition.
    """
    text = key or ("search" if parameters else next(iter(item.site_paths), "latest"))
    if parameters and text != "search":
        option = f"--{parameters[0][0].replace('_', '-')}"
        raise FeedsError(f"{text}: {option} is an option of the key search only; write search instead of {text}")
    resource = publisher.resource(item, text, parameters)
    if resource:
        return resource
    if hint := key_hint(text, publisher.site.topic_keys):
        raise UnknownEditionError(f"{text!r} is not a key; {hint}")
    examples = [*item.site_paths, *(EXAMPLES[scope] for scope in sorted(item.scopes - {Scope.SITE}))]
    raise UnknownEditionError(f"{text!r} is not a key that {item.name} offers; write one such as {', '.join(examples)}")

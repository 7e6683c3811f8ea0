"""Every built-in exporter keeps the contract, as plug-ins test it."""

from collections.abc import Iterator

import pytest

from feeds import PAPER_SCOPES, Edition, Exporter, Kind, RenderContext
from feeds.errors import PluginError
from feeds.exporters import registry
from feeds.model.keys import Scope
from feeds.testing import check_exporter


@pytest.mark.parametrize("name", registry.load().names())
def test_built_in_exporter_keeps_the_contract(name: str) -> None:
    check_exporter(registry.load()[name].exporter)


class Plain:
    """A small exporter that keeps the contract."""

    name = "plain"
    suffix = ".txt"
    media_type = "text/plain"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    settings: frozenset[str] = frozenset()

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # needs no context
        yield edition.key.text.encode()


class Counting(Plain):
    """Gives other bytes every time."""

    count = 0

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002
        Counting.count += 1
        yield str(Counting.count).encode()


class Titled(Plain):
    """Depends on a setting that it does not declare."""

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002
        yield context.site.title.encode()


class FirstPaper(Plain):
    """Fails on an empty edition."""

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002
        yield edition.papers[0].title.encode()


class Text(Plain):
    """Yields text."""

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002
        yield edition.key.text  # type: ignore[misc]  # the fault


class Counted(Plain):
    """Shows papers, and declares that it does not."""

    paperless = frozenset({Scope.MONTH})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002
        yield str(len(edition.papers)).encode()


class Unnamed(Plain):
    """Has a wrong name."""

    name = "No Name"


@pytest.mark.parametrize(
    ("exporter", "error", "message"),
    [
        (Counting(), AssertionError, "not the same bytes twice"),
        (Titled(), AssertionError, "depends on the setting title"),
        (FirstPaper(), IndexError, "out of range"),
        (Counted(), AssertionError, "MONTH.*depends on the papers"),
        (Text(), AssertionError, "something other than bytes"),
        (Unnamed(), PluginError, "its name"),
    ],
)
def test_exporter_that_breaks_the_contract_is_found(exporter: Exporter, error: type[Exception], message: str) -> None:
    check_exporter(Plain())
    with pytest.raises(error, match=message):
        check_exporter(exporter)

"""An exporter that fails while it renders: the error says where, and the log has the traceback."""

import inspect
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.errors import ExportError
from feeds.exporters.contract import RenderContext
from feeds.model.edition import Edition
from feeds.publishing.publisher import Publisher
from tests.support.digests import OpenFiles, day, paper, render
from tests.support.sites import TextExporter, with_formats


class OwnFailure(TextExporter):
    """Fails in its own code."""

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        yield b"a start"
        raise ValueError(f"no votes\n  in {edition.key.text} of {context.site.title}")


class FailureInLibrary(TextExporter):
    """Fails in a library that it calls."""

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        yield json.dumps([edition.key.text, context]).encode()


def line_of(exporter: type, text: str) -> int:
    lines, first = inspect.getsourcelines(exporter)
    return first + next(number for number, line in enumerate(lines) if text in line)


def publish(open_files: OpenFiles, exporter: TextExporter) -> Publisher:
    return with_formats(open_files({"1.md": day("2024-01-30", paper()), "2.md": day("2024-01-31", paper())}), exporter)


@pytest.mark.parametrize(
    ("exporter", "line", "reason"),
    [
        (OwnFailure, "raise ValueError", "ValueError: no votes in 2024-01-30 of Daily Papers"),
        (FailureInLibrary, "json.dumps", "TypeError: Object of type RenderContext is not JSON serializable"),
    ],
)
def test_error_names_file_and_line(open_files: OpenFiles, exporter: type[TextExporter], line: str, reason: str) -> None:
    publisher = publish(open_files, exporter())
    with pytest.raises(ExportError) as raised:
        render(publisher, "text", "2024-01-30")
    place = f"tests/publishing/{Path(__file__).name}:{line_of(exporter, line)}"
    assert str(raised.value) == (
        f"2024-01-30.txt: the exporter text of plug-in 1.0 failed at {place}: {reason}; the log has the traceback"
    )


def test_traceback_is_logged_once_for_each_place(open_files: OpenFiles, caplog: pytest.LogCaptureFixture) -> None:
    publisher = publish(open_files, OwnFailure())
    with caplog.at_level(logging.ERROR):
        for key in ("2024-01-30", "2024-01-31"):
            with pytest.raises(ExportError):
                render(publisher, "text", key)
    assert caplog.text.count("Traceback") == 1
    assert "2024-01-30.txt: the exporter text failed" in caplog.text

"""Progress where no terminal shows it."""

import pytest

from feeds.cli import terminal


def test_progress_is_told_in_lines_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "_LINE_INTERVAL", 0)
    names = [f"{number}.md" for number in range(1_201)]
    assert list(terminal.progress_bar("indexing", "file")(names, len(names))) == names
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1_201
    assert lines[-1] == "indexing: 1,200 of 1,201 files"

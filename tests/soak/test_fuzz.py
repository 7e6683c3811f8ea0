"""A short run of the fuzzers' inputs through the parser and the exporters."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.soak.digests import DIGEST_FILES
from tests.soak.fuzzer import CORPUS, Progress, Trial
from tests.soak.targets import Target, open_targets


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Target]:
    return open_targets(tmp_path_factory.mktemp("targets"))


@pytest.mark.parametrize("name", ["parser", pytest.param("exporters", marks=pytest.mark.external)])
def test_target_takes_the_corpus(targets: Mapping[str, Target], name: str) -> None:
    files = sorted(CORPUS.iterdir())
    assert files
    for file in files:
        targets[name](file.read_bytes())


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=DIGEST_FILES)
def test_parser_takes_generated_digests(targets: Mapping[str, Target], data: bytes) -> None:
    targets["parser"](data)


@pytest.mark.external
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=DIGEST_FILES)
def test_exporters_take_generated_digests(targets: Mapping[str, Target], data: bytes) -> None:
    targets["exporters"](data)


def test_input_that_fails_is_counted_and_kept(tmp_path: Path) -> None:
    def fail(data: bytes) -> None:
        if data:
            raise ValueError(f"{len(data)} bytes")

    trial = Trial(fail, tmp_path)
    for data in (b"", b"one", b"another"):
        trial(data)
    assert Progress(tmp_path / "progress").counts == (3, 2)
    (kept,) = tmp_path.glob("*.md")  # the first one at its place
    assert kept.read_bytes() == b"one"
    assert "ValueError: 3 bytes" in kept.with_suffix(".txt").read_text()

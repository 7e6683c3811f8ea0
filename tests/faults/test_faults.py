"""The service after every fault, once each; `make soak` repeats them at other moments and places."""

import random
from pathlib import Path

import pytest

from tests.faults.faults import FAULTS, Fault
from tests.faults.scene import Expected, Scene

pytestmark = pytest.mark.external


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Expected]:
    """What undisturbed archives give, by their number of papers."""
    return {papers: Expected(tmp_path_factory.mktemp("undisturbed"), papers) for papers in {f.papers for f in FAULTS}}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_service_is_right_after_a_fault(fault: Fault, expected: dict[int, Expected], tmp_path: Path) -> None:
    scene = Scene(tmp_path, fault.papers)
    fault.happen(scene, expected[fault.papers], random.Random(1))
    scene.require_no_traceback()

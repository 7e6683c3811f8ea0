"""The service after every fault, once each; `make soak` repeats them at other moments and places."""

import random
from pathlib import Path

import pytest

from tests.faults.faults import FAULTS, Fault
from tests.faults.scene import Expected, Scene

pytestmark = pytest.mark.external


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_service_is_right_after_a_fault(fault: Fault, tmp_path: Path) -> None:
    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    disturbed.mkdir()
    undisturbed.mkdir()
    scene = Scene(disturbed, fault.papers)
    fault.happen(scene, Expected(undisturbed, fault.papers), random.Random(1))
    scene.require_no_traceback()

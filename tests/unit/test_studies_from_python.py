"""What takes a study from Python says so to whoever hands it a name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hpo


def finalize(study: Any) -> object:
    return hpo.finalize(study, output=Path("report"))


@pytest.mark.parametrize("call", [hpo.status, hpo.trials, hpo.work, hpo.delete, finalize])
def test_a_name_is_no_study(call: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match=r"as hpo\.open_study\('pncA'\) returns it, not str\."):
        call("pncA")
    with pytest.raises(TypeError, match=r"as hpo\.open_study\(NAME\) returns it, not NoneType\."):
        call(None)

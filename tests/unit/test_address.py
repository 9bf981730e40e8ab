"""The address of a study: where its artifacts lie, what a child is told, and what is shown of it."""

from pathlib import Path

import pytest

from hpo.study.address import StudyAddress

ADDRESSES = [
    StudyAddress(storage="sqlite:///hpo.db"),
    StudyAddress(storage="postgresql://me:sesame@db/hpo", study="s", artifacts="s3://bucket/prefix"),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_written_into_an_environment_is_read_from_it(address: StudyAddress) -> None:
    assert StudyAddress.from_environment(address.environment) == address


def test_artifacts_lie_beside_the_storage_or_where_somebody_said(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/hpo.db"
    assert StudyAddress(storage=storage).artifact_location == str(tmp_path / "hpo-artifacts")
    assert StudyAddress(storage=storage, artifacts="elsewhere").artifact_location == "elsewhere"


def test_no_password_is_shown() -> None:
    address = StudyAddress(storage="postgresql://me:sesame@db/hpo?password=mellon", study="s")
    for shown in (repr(address), str(address), f"{[address]}"):
        assert "db/hpo" in shown
        assert "study='s'" in shown
        assert "sesame" not in shown
        assert "mellon" not in shown

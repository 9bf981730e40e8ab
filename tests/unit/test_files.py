"""What is not a regular file is refused before it is opened, wherever a file is read."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions
from hpo.cli.reading import read_labelled, read_unlabelled
from hpo.errors import SpaceError
from hpo.search.space import read_space
from model.errors import DataError, SavedModelError
from model.files import check_regular, read_regular
from model.saving.loading import load_model
from storage.artifacts import open_artifacts
from storage.errors import StorageError


@pytest.fixture(params=["pipe", "link to a pipe", "socket", "device", "link to a device", "folder"])
def irregular(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Something that is there and no regular file; reading a pipe would never end, nor /dev/zero."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link to a pipe").symlink_to("pipe")
    (tmp_path / "link to a device").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket"))
        yield Path("/dev/zero") if request.param == "device" else tmp_path / request.param


def test_it_is_refused_by_its_kind(irregular: Path) -> None:
    with pytest.raises(OSError, match=r"it is a (named pipe|socket|device|folder), not a regular file"):
        read_regular(irregular, 10)


def test_a_regular_file_is_read_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(tmp_path / "link", 10) == b"0123456789"
    with pytest.raises(OSError, match="more than 9 bytes"):
        read_regular(path, 9)
    check_regular(path)
    with pytest.raises(FileNotFoundError):
        check_regular(tmp_path / "none")


def test_a_file_that_becomes_a_pipe_while_we_look_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr("model.files.check_regular", lambda path: None)
    with pytest.raises(OSError, match="named pipe"):
        read_regular(tmp_path / "pipe", 10)


def test_data_and_labels(irregular: Path, tmp_path: Path) -> None:
    genes = tmp_path / "genes.csv"
    genes.write_text("id,sequence,resistant\na,ACGT,1\n")
    with pytest.raises(DataError, match="not a regular file"):
        read_labelled(irregular, DataOptions(), LabelOptions())
    with pytest.raises(DataError, match="not a regular file"):
        read_unlabelled(irregular, DataOptions(), SimpleNamespace(alphabet="dna"))
    with pytest.raises(DataError, match="not a regular file"):
        read_labelled(genes, DataOptions(labels=irregular), LabelOptions())


def test_search_space(irregular: Path) -> None:
    with pytest.raises(SpaceError, match="not a regular file"):
        read_space(irregular, "dna")


def test_model_folder(irregular: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").symlink_to(irregular)
    with pytest.raises(SavedModelError, match="not a regular file"):
        load_model(folder)


def test_artifacts_in_a_folder(irregular: Path, tmp_path: Path) -> None:
    store = open_artifacts(str(tmp_path / "artifacts"), create=True)
    sha256 = store.put(b"bytes")
    place = tmp_path / "artifacts" / sha256[:2] / sha256[2:4] / sha256
    place.unlink()
    place.symlink_to(irregular)
    with pytest.raises(StorageError, match=f"'{sha256}' is no regular file"):
        store.get(sha256)

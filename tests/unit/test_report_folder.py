"""The report's folder: whole or not at all, and nothing in it that hpo has not written is ever touched."""

import shutil
from pathlib import Path

import pytest

from hpo.errors import HpoError
from hpo.finalizing import report_folder
from hpo.finalizing.report_folder import open_report_folder, replacing
from hpo.report.files import LOG


@pytest.fixture(params=["exchanged", "renamed"])
def output(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an earlier report; on systems that exchange folders, and on others."""
    if request.param == "renamed":
        monkeypatch.setattr(report_folder, "_exchange", lambda one, other: False)
    folder = tmp_path / "out" / "report"
    open_report_folder(folder)
    write(folder, "old", "result.json", "report.md", "plots/network.png", "model/weights-4.safetensors", LOG)
    return folder


def write(folder: Path, text: str, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_new_report_takes_the_old_one_s_place_and_the_log_stays(output: Path) -> None:
    with replacing(output) as folder:
        write(folder, "new", "result.json", "model/weights-0.safetensors")
        assert contents(output)["result.json"] == "old"
    assert contents(output) == {"result.json": "new", "model/weights-0.safetensors": "new", LOG: "old"}
    assert [path.name for path in output.parent.iterdir()] == ["report"]


def test_who_writes_to_the_log_goes_on_in_the_new_folder(output: Path) -> None:
    with (output / LOG).open("a") as log, replacing(output):
        log.write(" and on")
    assert (output / LOG).read_text() == "old and on"


def test_whatever_cuts_it_short_leaves_the_old_report(output: Path) -> None:
    before = contents(output)
    with pytest.raises(KeyboardInterrupt), replacing(output) as folder:
        write(folder, "new", "result.json")
        raise KeyboardInterrupt
    assert contents(output) == before
    assert [path.name for path in output.parent.iterdir()] == ["report"]


def test_a_kill_between_two_renames_is_made_good(output: Path) -> None:
    before = contents(output)
    output.rename(output.with_name(".report.old"))
    open_report_folder(output)
    assert contents(output) == before


@pytest.mark.parametrize(
    "name", ["notes.txt", "plots/my.png", "model/weights-x.safetensors", "hpo.db", "sub/result.json", "model.json"]
)
def test_a_folder_with_anything_else_is_refused_and_left_alone(output: Path, name: str) -> None:
    write(output, "mine", name)
    before = contents(output)
    with pytest.raises(HpoError, match="holds what hpo has not written") as caught:
        open_report_folder(output)
    assert name in caught.value.message
    assert "--output" in caught.value.next_step
    assert contents(output) == before


def test_a_link_is_nothing_that_hpo_has_written(output: Path, tmp_path: Path) -> None:
    (output / "elsewhere").symlink_to(tmp_path)
    with pytest.raises(HpoError, match="elsewhere"):
        open_report_folder(output)


def test_what_somebody_puts_there_meanwhile_stays(output: Path) -> None:
    with replacing(output) as folder:
        write(folder, "new", "result.json")
        write(output, "mine", "notes.txt", "plots/my.png")
    assert contents(output) == {"result.json": "new", LOG: "old", "notes.txt": "mine", "plots/my.png": "mine"}


def test_a_link_to_the_folder_goes_on_leading_there(output: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(output)
    open_report_folder(tmp_path / "link")
    with replacing(tmp_path / "link") as folder:
        write(folder, "new", "result.json")
    assert (tmp_path / "link").is_symlink()
    assert contents(output)["result.json"] == "new"


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(HpoError, match="cannot be written"):
            open_report_folder(folder)


def test_a_mount_point_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path)
    with pytest.raises(HpoError, match="mount point") as caught:
        open_report_folder(tmp_path)
    open_report_folder(tmp_path / "report")
    assert str(tmp_path / "report") in caught.value.next_step


@pytest.mark.parametrize("where", [".", "here"])
def test_the_folder_that_somebody_stands_in_is_not_replaced(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below" if where == "here" else tmp_path)
    with pytest.raises(HpoError, match="the one that you stand in"):
        open_report_folder(Path(where) if where == "." else tmp_path / "here")


def test_a_folder_that_is_to_hold_the_study_too_is_refused_before_it_does(tmp_path: Path) -> None:
    with pytest.raises(HpoError, match=r"is to hold .*hpo\.db too"):
        open_report_folder(tmp_path / "out", kept=[tmp_path / "out" / "hpo.db"])
    open_report_folder(tmp_path / "out", kept=[tmp_path / "hpo.db"])


def test_a_kill_before_the_old_report_is_removed_is_made_good(output: Path) -> None:
    old = output.with_name(".report.old")
    shutil.copytree(output, old)
    (old / "mine.txt").write_text("mine")
    open_report_folder_with_others(output)
    assert not old.exists()
    (output / "mine.txt").unlink()
    open_report_folder(output)
    with replacing(output) as folder:
        write(folder, "new", "result.json")
    assert contents(output) == {"result.json": "new", LOG: "old"}


def open_report_folder_with_others(output: Path) -> None:
    """What somebody has put into the old folder comes to the new one, where it is told."""
    with pytest.raises(HpoError, match=r"mine\.txt"):
        open_report_folder(output)

"""`hpo inspect` and `hpo create-study` agree on every file: rows, columns, changes, and whether there is a study."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from hpo.boundary import exit_code_of
from hpo.cli.create_study import create_study
from hpo.cli.data import inspect
from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions
from hpo.cli.options import SearchOptions, SplitOptions, StorageOptions

CASES = Path(__file__).parents[3] / "shared" / "cases"
ENDS = (".csv", ".tsv", ".fasta", ".fa", ".npy", ".npz", ".parquet", ".json", ".jsonl", ".txt", ".zst", ".bz2", ".zip")
GENE = "ATGGCTAAACCCGGGTTTATGAAATTTGGGCCC"


def rows(count: int = 40, **columns: str) -> str:
    """A table of mutants; `{row}` and `{label}` stand for what is said of each."""
    wanted = {"id": "g{row}", "sequence": "{gene}", "resistant": "{label}"} | columns
    lines = [",".join(wanted)]
    for row in range(count):
        gene = GENE[: row % 30] + "ACGT"[row % 4] + GENE[row % 30 + 1 :]
        values = {"row": row, "label": row % 2, "gene": gene, "word": "RS"[row % 2], "mic": 0.5 if row % 2 else 16}
        lines.append(",".join(value.format(**values) for value in wanted.values()))
    return "\n".join(lines) + "\n"


FILES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "plain": (rows(), {}, {}),
    "too few": (rows(4), {}, {}),
    "one class": (rows(resistant="1"), {}, {}),
    "one sequence": (rows(sequence=GENE), {}, {}),
    "gaps": (rows(sequence="{gene}-"), {}, {}),
    "gaps removed": (rows(sequence="{gene}-"), {"gaps": "remove"}, {}),
    "odd letters dropped": (rows() + f"o,{GENE}!,1\n", {"odd_letters": "drop"}, {}),
    "missing": (rows() + "m,,1\n", {}, {}),
    "missing dropped": (rows() + "m,,1\nn,ACGT,\n", {"missing": "drop"}, {}),
    "words": (rows(resistant="{word}T"), {}, {"label_words": "RT=resistant,ST=susceptible"}),
    "unknown words": (rows(resistant="{word}T"), {}, {}),
    "measured": (rows(resistant="{mic}"), {}, {"resistant_from": 4.0}),
    "intermediate": (rows() + f"i,{GENE},I\n", {"intermediate": "drop"}, {}),
    "no label": (rows(resistant="x"), {}, {}),
    "drugs": (rows(ampicillin="{word}", colistin="{word}").replace("resistant", "note"), {}, {}),
    "one drug": (rows(ampicillin="{word}").replace("resistant", "note"), {}, {}),
    "where": (rows(kept="{label}", resistant="{word}"), {"conditions": ["kept=0"]}, {}),
    "long": (rows() + f"genome,{GENE * 400},1\n", {}, {}),
    "no code": (rows(sequence="TAA{gene}"), {}, {}),
    "a quotation mark": (rows() + f'q,"{GENE},1\n', {}, {}),
    "header twice": (rows() + "id,sequence,resistant\n", {}, {}),
    "no header": (rows().split("\n", 1)[1], {}, {}),
}


def outcome(call, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any], str]:
    """Exit code, what was printed as JSON, and the first line of an error."""

    def run() -> int:
        try:
            call()
        except typer.Exit as ended:
            return ended.exit_code
        return 0

    capsys.readouterr()
    code = exit_code_of(run)
    out, err = capsys.readouterr()
    errors = [line for line in err.splitlines() if line.startswith("Error: ")]
    return code, json.loads(out or "{}"), errors[0] if errors else ""


def check_agreement(
    path: Path, reading: dict[str, Any], labels: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, words, parts = DataOptions(**reading), LabelOptions(**labels), SplitOptions()
    looked, seen, complaint = outcome(lambda: inspect(path, data, words, parts, json=True), capsys)
    storage = StorageOptions(storage=f"sqlite:///{folder / 'hpo.db'}", artifacts=str(folder / "artifacts"))
    search = SearchOptions()
    made, study, refusal = outcome(
        lambda: create_study(path, 1, "s", search, storage, data, words, parts, json=True), capsys
    )
    assert looked == made
    if made:
        assert refusal in (complaint, f"Error: {seen.get('create_study', {}).get('reason')}")
        return
    plan = seen["create_study"]
    assert (plan["development"], plan["test"]) == (study["development"], study["test"])
    assert seen["rows"] == study["development"] + study["test"]
    read = study["columns"]
    assert seen["columns"] == {what: read[what] for what in ("sequence", "id", "label")}
    assert seen["ignored_columns"] == read["ignored"]
    assert {name: seen[name] for name in ("gaps_removed", "read_as_unknown", "cut", "dropped")} == {
        name: study["cleaning"][name] for name in ("gaps_removed", "read_as_unknown", "cut", "dropped")
    }


@pytest.mark.parametrize("name", FILES)
def test_inspect_and_create_study_agree(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, reading, labels = FILES[name]
    path = tmp_path / "genes.csv"
    path.write_text(text)
    check_agreement(path, reading, labels, tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of real users do not lie beside the repository")
def test_they_agree_on_the_files_of_real_users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [path for case in sorted(CASES.iterdir()) if case.is_dir() for path in case.iterdir()]
    for number, path in enumerate(path for path in files if path.suffix in ENDS and path.name != "labels.csv"):
        folder = tmp_path / str(number)
        folder.mkdir()
        check_agreement(path, {}, {}, folder, capsys)

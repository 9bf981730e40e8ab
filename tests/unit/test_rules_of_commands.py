"""The rules for sequences that cannot be read: options, what is told, and what a model keeps for new genes."""

import json
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions
from hpo.cli.reading import read_labelled, read_unlabelled
from hpo.errors import UsageError
from hpo.inspect_data import as_text, look_at
from hpo.study.address import StudyAddress
from hpo.study.create import create
from model.cleaning import Rules
from model.encoder import Encoder
from model.errors import DataError
from model.origin import Origin
from model.saving.loading import SavedModel
from small_plan import small_plan

ALL = DataOptions(gaps="remove", odd_letters="unknown", inner_stops="cut", missing="drop")
TOLD = (
    "As read from the file: 40 gaps (- 40) removed; 40 odd letters (~ 40) read as unknown; 1 sequence cut at an inner "
    "stop; 1 row dropped (sequence missing 1)."
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty aligned proteins, one of them with a stop inside, and a row without a sequence, beside the gene's name."""
    generator = random.Random(0)
    proteins = ["".join(generator.choices("ACDEFGHIKL", k=30)) + "-~" for _ in range(40)]
    proteins[3] += "*AC"
    rows = [f"i{row},rpoB,{protein},{row % 2}" for row, protein in enumerate(proteins)]
    path = tmp_path / "genes.csv"
    path.write_text("\n".join(["isolate,gene,aa,phenotype", *rows, "i40,rpoB,NA,1"]) + "\n")
    return path


def test_inspect_tells_people_and_scripts_of_columns_and_changes(data: Path) -> None:
    genes = read_labelled(data, ALL, LabelOptions())
    found = look_at(genes, source="genes.csv", genetic_code=1, folds=2, test_size=0.2, seed=0, duplicates="together")
    found = json.loads(json.dumps(found))
    assert found["columns"] == {"sequence": "aa", "label": "phenotype", "id": "isolate"}
    assert found["ignored_columns"] == ["gene"]
    assert found["rules"] == {"gaps": "remove", "odd_letters": "unknown", "inner_stops": "cut", "missing": "drop"}
    assert found["gaps_kept"] == {}
    assert (found["gaps_removed"], found["read_as_unknown"], found["cut"]) == ({"-": 40}, {"~": 40}, 1)
    assert found["dropped"] == {"sequence missing": 1}
    said = as_text(found)
    assert "Columns read: sequence 'aa', label 'phenotype', id 'isolate'; ignored: 'gene'." in said
    assert TOLD in said


def test_a_study_keeps_the_rules_and_tells_what_they_did(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.parent
    plan = replace(small_plan(data), trials=1, folds=2, original="skip", startup_trials=1)
    address = StudyAddress(storage=f"sqlite:///{folder}/hpo.db", study="s", artifacts=str(folder / "artifacts"))
    genes = read_labelled(data, ALL, LabelOptions())
    cleaning = create(address, genes, plan).data.cleaning
    assert cleaning.rules == ALL.rules()
    assert cleaning.changes == genes.provenance.changes
    told = capsys.readouterr().err
    assert "Columns read: sequence 'aa', label 'phenotype', id 'isolate'; ignored: 'gene'." in told
    assert TOLD in told


def test_new_genes_are_read_by_the_rules_of_the_model_unless_the_user_says_otherwise(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(**rules: Any) -> SavedModel:
        return cast(
            SavedModel, SimpleNamespace(alphabet="protein", rules=Rules(**rules), encoder=Encoder(), origin=Origin())
        )

    kept = model(gaps="remove", odd_letters="unknown", inner_stops="cut", missing="drop")
    assert read_unlabelled(data, DataOptions(), kept).sequences == read_labelled(data, ALL, LabelOptions()).sequences
    assert "1 row dropped (sequence missing 1)" in capsys.readouterr().err
    with pytest.raises(DataError, match=r"the sequence is missing in row 42.*--missing drop"):
        read_unlabelled(data, DataOptions(missing="error"), kept)
    with pytest.raises(DataError, match=r"alignment gaps.*inner stops.*odd letters.*--gaps remove"):
        read_unlabelled(data, DataOptions(missing="drop"), model())


def test_genes_of_the_other_alphabet_are_not_predicted(tmp_path: Path) -> None:
    path = tmp_path / "dna.csv"
    path.write_text("sequence\n" + "ATGGCTAAACCC" * 5 + "\n")
    model = cast(SavedModel, SimpleNamespace(alphabet="protein", rules=Rules(), encoder=Encoder(), origin=Origin()))
    with pytest.raises(DataError, match="1 of 1 rows look like DNA, not protein: row 2"):
        read_unlabelled(path, DataOptions(), model)
    assert len(read_unlabelled(path, DataOptions(alphabet="protein"), model)) == 1


def test_options_hold_over_what_they_are_based_on() -> None:
    assert DataOptions().rules() == Rules()
    assert DataOptions(gaps="error").rules(Rules(gaps="remove", missing="drop")) == Rules(missing="drop")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (DataOptions(labels=Path("labels.csv")), "so --labels says nothing here"),
        (DataOptions(label_column="phenotype"), "so --label-column says nothing here"),
        (DataOptions(genetic_code=11), "reads codons by genetic code 4"),
    ],
)
def test_predict_refuses_what_it_would_ignore(options: DataOptions, told: str, data: Path) -> None:
    model = cast(SavedModel, SimpleNamespace(alphabet="protein", rules=Rules(), encoder=Encoder(4)))
    with pytest.raises(UsageError, match=told):
        read_unlabelled(data, options, model)

"""`hpo predict`: what a model cannot answer is an error, and no id is a command to a spreadsheet or a terminal."""

import csv
import io
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.use.explain import LetterChange, write_changes
from hpo.use.formulas import as_text, told
from hpo.use.predict import Prediction, predict
from hpo.use.writing import write_csv
from model.alphabet import Alphabet
from model.configuration import original_configuration
from model.encoder import Encoder
from model.encoding import vocabulary
from model.errors import DataError, PredictionError
from model.genes import Genes
from model.network import build_network
from model.reading import read_genes
from model.saving.writing import save_model

CONFIG = replace(original_configuration("dna"), encoding="codon", embedding_size=3, hidden_size=4)
NAMES = ["=1+1", "+a", "-a", "@a", "\ta", "g1", "a=b"]


def read(_: Alphabet) -> Genes:
    return Genes(["a", "b"], ["ATGGCT", "ATGGCTGCT"], None, "dna")


def test_finite_weights_that_answer_nan_are_an_error_and_no_susceptible_gene(tmp_path: Path) -> None:
    network = build_network(CONFIG, len(vocabulary("codon")), np.arange(9), 0)
    network.embedding.weight.data.fill_(3e38)
    for name, weights in network.named_parameters():
        if "recurrent.0" in name and "weight" in name:
            weights.data.fill_(10.0 if "_ih" in name else -3e38)  # infinity less infinity, from the second token on
    letters = np.array([[2, 3, 0, 0]], dtype=np.uint8)
    save_model(tmp_path / "m", [network], CONFIG, alphabet="dna", encoder=Encoder(11), letters=letters, card={})
    with pytest.raises(PredictionError, match="no answer for 2 of 2 genes, the first of them number 1"):
        predict(tmp_path / "m", read, "cpu")


def ids_in(text: str) -> list[str]:
    return [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]


def test_no_id_in_a_table_is_a_formula(tmp_path: Path) -> None:
    write_csv([Prediction(name, 0.5, False) for name in NAMES], tmp_path / "p.csv")
    expected = ["'=1+1", "'+a", "'-a", "'@a", "'\ta", "g1", "a=b"]
    assert ids_in((tmp_path / "p.csv").read_text()) == expected
    write_changes([LetterChange(name, 1, "A", "C", 0.1) for name in NAMES], tmp_path / "c.csv")
    assert ids_in((tmp_path / "c.csv").read_text()) == expected
    assert told(NAMES) == "5 ids begin as formulas do (= + - @): an apostrophe stands before them."
    assert told(["g1"]) == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stdout", "shown"), [(Terminal, r"a\x1b[2J"), (io.StringIO, "a\x1b[2J")])
def test_ids_are_spelled_out_on_a_terminal_and_left_alone_in_a_pipe(
    stdout: type[io.StringIO], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", written := stdout())
    write_csv([Prediction("a\x1b[2J", 0.5, False)], None)
    assert ids_in(written.getvalue()) == [shown]


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "fasta"])
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=5)
)
def test_an_id_comes_back_as_it_stands_in_the_file(form: str, names: list[str]) -> None:
    """But for blanks around it, and the apostrophe before what a spreadsheet would compute."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"genes.{form}"
        rows = {"id": names, "sequence": ["ACGTACGTACGT"] * len(names)}
        if form == "csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, quoting=csv.QUOTE_ALL).writerows([rows.keys(), *zip(*rows.values(), strict=True)])
        elif form == "json":
            path.write_text(json.dumps(rows), encoding="utf-8")
        elif form == "parquet":
            pq.write_table(pa.table(rows), path)
        else:
            names = ["x" + "".join(name.split()) for name in names]
            path.write_text("".join(f">{name} more\nACGTACGTACGT\n" for name in names), encoding="utf-8", newline="")
        try:
            genes = read_genes(path, require_labels=False, alphabet="dna")
        except DataError:
            return  # it said which line it cannot read
        write_csv([Prediction(name, 0.5, False) for name in genes.ids], Path(folder) / "p.csv")
        told = ids_in((Path(folder) / "p.csv").read_bytes().decode())
    expected = [as_text(name.strip() or str(row)) for row, name in enumerate(names, start=1)]
    assert told == expected

"""New genes are judged by what a model has seen: others are refused, odd ones told, and answers are in its words."""

import csv
import hashlib
import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.__main__ import main
from model.alphabet import AMINO_ACIDS
from model.baseline import KeptBaseline
from model.configuration import LearnerConfig, original_configuration
from model.encoder import Encoder
from model.encoding import Encoding
from model.errors import SavedModelError
from model.genes import Genes
from model.mutagenesis import common_letters
from model.network import build_network
from model.origin import Answers, Origin
from model.saving.loading import load_model
from model.saving.writing import save_model
from model.seen import describe

GENERATOR = random.Random(7)
ANCESTOR = "".join(GENERATOR.choices("ACDEFGHIKLMNPQRSTVWY", k=60))
#: Each of one or two mutations, one of them cut short.
TRAINED = [ANCESTOR[:at] + "W" + ANCESTOR[at + 1 :] for at in range(20, 50)] + [ANCESTOR[:55]]
STRANGER = "".join(GENERATOR.choices("ACDEFGHIKLMNPQRSTVWY", k=60))

Run = Callable[..., tuple[int, str, str]]


def proteins(sequences: list[str]) -> Genes:
    return Genes([str(row) for row in range(len(sequences))], sequences, None, "protein")


def config_of(encoding: Encoding) -> LearnerConfig:
    return replace(original_configuration("protein"), encoding=encoding, embedding_size=2, hidden_size=2, layers=1)


def saved(folder: Path, encoding: Encoding, origin: Origin | None = None, baseline: KeptBaseline | None = None) -> Path:
    genes, config = proteins(TRAINED), config_of(encoding)
    encoder = Encoder(ancestors={"mutation": ANCESTOR} if encoding == "mutation" else {})
    encoded = encoder.encode(genes, encoding)
    places = np.arange(encoded.positions or encoded.tokens.width)
    network = build_network(config, encoded.vocabulary_size, places, 0)
    known = Origin(
        seen=describe(genes, encoder, encoding),
        columns={"sequence": "enzyme", "id": "isolate"},
        answers=Answers("NWT", "WT"),
    )
    letters = common_letters(encoded)
    save_model(folder, [network], config, "protein", encoder, letters, {}, origin=origin or known, baseline=baseline)
    return folder


@pytest.fixture(params=["mutation", "amino_acid"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return saved(tmp_path / "model", request.param)


@pytest.fixture
def predict(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(text: str, *options: str, folder: Path = model) -> tuple[int, str, str]:
        (tmp_path / "new").write_text(text)
        code = main(["predict", str(folder), str(tmp_path / "new"), *options])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def fasta(*sequences: str) -> str:
    return "".join(f">g{row}\n{sequence}\n" for row, sequence in enumerate(sequences))


def column(text: str, name: str) -> list[str]:
    return [row[name] for row in csv.DictReader(io.StringIO(text))]


def test_genes_like_those_of_the_training_are_not_marked(predict: Run) -> None:
    code, out, err = predict(fasta(*TRAINED))
    assert (code, err.count("outside")) == (0, 0)
    assert set(column(out, "outside_training")) == {""}
    assert set(column(out, "answer")) <= {"NWT", "WT"}
    calls = dict(zip(column(out, "resistant"), column(out, "answer"), strict=True))
    assert calls.items() <= {("1", "NWT"), ("0", "WT")}


def test_genes_unlike_those_of_the_training_are_marked_and_counted(predict: Run) -> None:
    odd = [ANCESTOR[:50], ANCESTOR + "AC", ANCESTOR[:30] + "X" + ANCESTOR[31:], STRANGER]
    code, out, err = predict(fasta(*TRAINED, *odd))
    told = column(out, "outside_training")
    assert code == 0
    assert set(told[: len(TRAINED)]) == {""}
    assert told[-4].startswith("shorter than any: 50 letters, in training 55 or more")
    assert told[-3].startswith("longer than any: 62 letters, in training 60 or fewer")
    assert told[-2].startswith("letters never seen: X")
    assert "far from all: 100% of its words were never seen, in training 7% or fewer" in told[-1]
    assert f"4 of {len(TRAINED) + 4} genes are outside of what the model was trained on" in err
    code, out, _ = predict(fasta(*TRAINED, *odd), "--json")
    document = json.loads(out)
    assert document["outside_training"] == 4
    assert [bool(row["outside_training"]) for row in document["predictions"]] == [False] * len(TRAINED) + [True] * 4


@pytest.mark.parametrize("letters", [180, 25])
@pytest.mark.parametrize("options", [(), ("--alphabet", "protein")])
def test_dna_is_refused_by_a_model_of_proteins(predict: Run, letters: int, options: tuple[str, ...]) -> None:
    bases = fasta(*("".join(GENERATOR.choices("ACGT", k=letters)) for _ in range(4)))
    code, out, err = predict(bases, *options)
    assert (code, out) == (1, "")
    assert ("of another kind" if options else "look like DNA, not protein") in err


def test_proteins_of_another_gene_are_refused(predict: Run) -> None:
    code, out, err = predict(fasta(STRANGER, STRANGER[::-1], STRANGER[30:] + STRANGER[:30], ANCESTOR))
    assert (code, out) == (1, "")
    assert "3 of 4 are of another kind: 'g0' (far from all:" in err
    assert "Traceback" not in err


def test_the_columns_of_the_training_file_are_read_where_they_are_there(predict: Run) -> None:
    code, out, err = predict(f"id,sequence,enzyme,isolate\n1,{STRANGER},{ANCESTOR},i1\n2,{STRANGER},{TRAINED[0]},i2\n")
    assert code == 0
    assert column(out, "id") == ["i1", "i2"]
    assert "sequence 'enzyme', id 'isolate'" in err
    code, out, err = predict(f"id,sequence\n1,{ANCESTOR}\n")
    assert (code, column(out, "id")) == (0, ["1"])


def test_an_earlier_model_says_what_it_does_not_know(predict: Run, model: Path) -> None:
    path = model / "config.json"
    document = json.loads(path.read_text())
    del document["origin"], document["baseline"]
    document["learner"] = document.pop("learners")[0]
    path.write_text(json.dumps({**document, "format": 6}))
    code, out, err = predict(fasta(ANCESTOR, ANCESTOR + "AC"))
    assert code == 0
    assert column(out, "outside_training") == ["", ""]
    assert "does not know which genes it has seen" in err
    assert set(column(out, "answer")) <= {"resistant", "susceptible"}
    code, out, _ = predict(fasta(ANCESTOR), "--json")
    assert json.loads(out)["outside_training"] is None


#: Whoever begins with the ancestor's first letter is resistant.
KEPT = KeptBaseline(
    name="logistic_regression",
    encoding="amino_acid",
    ancestor=None,
    base=22,
    size=1,
    numbers=np.array([AMINO_ACIDS.index(ANCESTOR[0]) + 2]),
    weights=np.array([4.0]),
    intercept=-2.0,
)


def test_the_regression_that_the_report_advises_predicts_under_the_same_checks(predict: Run, tmp_path: Path) -> None:
    folder = saved(tmp_path / "kept", "mutation", baseline=KEPT)
    other = "A" if ANCESTOR[0] != "A" else "C"
    genes = fasta(ANCESTOR, other + ANCESTOR[1:], ANCESTOR + "AC")
    for chosen in ("best", "logistic_regression"):
        code, out, err = predict(genes, "--with", chosen, folder=folder)
        assert code == 0
        assert column(out, "probability_resistant") == ["0.880797", "0.119203", "0.880797"]
        assert column(out, "answer") == ["NWT", "WT", "NWT"]
        assert column(out, "outside_training")[2].startswith("longer than any")
        assert "1 of 3 genes are outside" in err
    assert (
        json.loads(predict(genes, "--with", "best", "--json", folder=folder)[1])["predictor"] == "logistic_regression"
    )
    code, out, err = predict(fasta(STRANGER), "--with", "best", folder=folder)
    assert (code, out) == (1, "")
    # The network is asked where nothing is said, and what the report advises is told.
    code, out, err = predict(genes, folder=folder)
    assert column(out, "probability_resistant") != ["0.880797", "0.119203", "0.880797"]
    assert "The report found logistic_regression as good as this network, or better: --with best" in err
    code, _, err = predict(genes, "--with", "kmer_logistic_regression", folder=folder)
    assert code == 2
    assert "keeps logistic_regression alone" in err
    code, _, err = predict(genes, "--with", "best", "--explain", str(tmp_path / "why.csv"), folder=folder)
    assert code == 2


def test_best_is_the_network_where_no_regression_was_as_good(predict: Run) -> None:
    code, _, err = predict(fasta(ANCESTOR), "--with", "best")
    assert code == 0
    assert "The network predicts." in err
    code, _, err = predict(fasta(ANCESTOR), "--with", "logistic_regression")
    assert code == 2
    assert "keeps no plain baseline: none was as good" in err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "forest"}, "no regression of protein"),
        ({"encoding": "codon"}, "no regression of protein"),
        ({"encoding": "mutation"}, "does not fit logistic_regression"),
        ({"ancestor": "ACD"}, "does not fit logistic_regression"),
        ({"base": 10**9}, "out of range"),
        ({"size": True}, "out of range"),
        ({"numbers": [3, 3], "weights": [1.0, 1.0]}, "do not ascend"),
        ({"numbers": ["3"]}, "numbers that are none"),
        ({"weights": [1.0, 2.0]}, "not as many finite numbers"),
        ({"weights": ["1"]}, "not as many finite numbers"),
        ({"intercept": None}, "not as many finite numbers"),
        ({"code": "import os"}, "does not have"),
    ],
)
def test_a_damaged_regression_is_refused(tmp_path: Path, change: dict[str, object], told: str) -> None:
    folder = saved(tmp_path, "amino_acid", baseline=KEPT)
    document = json.loads((folder / "baseline.json").read_text())
    data = json.dumps({**document, **change}).encode()
    (folder / "baseline.json").write_bytes(data)
    with pytest.raises(SavedModelError, match=r"baseline.json is not the file"):
        load_model(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "baseline": hashlib.sha256(data).hexdigest()}))
    with pytest.raises(SavedModelError, match=told):
        load_model(folder)


@pytest.mark.parametrize("encoding", ["mutation", "amino_acid"])
def test_an_origin_comes_back_as_it_went(tmp_path: Path, encoding: Encoding) -> None:
    found = load_model(saved(tmp_path / "model", encoding)).origin
    assert found.columns == {"sequence": "enzyme", "id": "isolate"}
    assert found.answers == Answers("NWT", "WT")
    encoder = Encoder(ancestors={"mutation": ANCESTOR})
    expected = describe(proteins(TRAINED), encoder, encoding)
    assert found.seen is not None
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(found.seen, name), value)

"""`predict --explain`: a model that reads mutations is asked of mutations."""

from pathlib import Path

import numpy as np

from hpo.use.explain import LetterChange, explain, write_changes
from model.configuration import LearnerConfig
from model.encoder import Encoder
from model.genes import Genes
from model.mutagenesis import common_letters
from model.network import build_network
from model.saving.writing import save_model

CONFIG = LearnerConfig(
    encoding="mutation",
    embedding_size=3,
    hidden_size=4,
    layers=1,
    dropout=0.0,
    pooling="max",
    learning_rate=0.01,
    batch_size=8,
    weight_decay=0.0,
    schedule="constant",
    linear="by_position",
)
#: As katG, whose mutation S315T makes isoniazid useless.
ANCESTOR = "M" + "A" * 313 + "SYG"


def proteins(*sequences: str) -> Genes:
    return Genes([f"g{row}" for row in range(len(sequences))], list(sequences), None, "protein")


def of_serine(letter: str) -> str:
    return ANCESTOR[:314] + letter + ANCESTOR[315:]


def folder_of_a_model(folder: Path) -> Path:
    """Whose linear path knows S315T and nothing else, and whose network says the same of all genes."""
    encoder = Encoder(ancestors={"mutation": ANCESTOR})
    encoded = encoder.encode(proteins(ANCESTOR, of_serine("T"), of_serine("N"), ANCESTOR[:200]), "mutation")
    assert encoded.positions == 318
    network = build_network(CONFIG, encoded.vocabulary_size, np.zeros(encoded.positions, dtype=np.int64), seed=0)
    network.output.weight.data.zero_()
    assert network.linear is not None
    network.linear.weight.data[314, encoder.vocabulary("mutation").index("T")] = 2.0
    save_model(folder, [network], CONFIG, "protein", encoder, common_letters(encoded), {})
    return folder


def test_a_gene_is_explained_by_its_own_mutations_and_those_that_others_have(tmp_path: Path) -> None:
    genes = proteins(of_serine("T"), ANCESTOR)
    found = explain(folder_of_a_model(tmp_path), lambda alphabet: genes, "cpu")
    sigmoid = round(1 / (1 + np.exp(-2.0)) - 0.5, 6)
    first = [change for change in found if change.id == "g0"]
    # An early stop takes what lies behind it away, Thr315 too.
    assert [(change.position, change.letter, change.changed_to) for change in first] == [
        (201, "Ala201", "p.Ala201Ter"),
        (315, "p.Ser315Thr", "Ser315"),
        (315, "p.Ser315Thr", "p.Ser315Asn"),
    ]
    assert {change.probability_change for change in first} == {-sigmoid}
    second = [change for change in found if change.id == "g1"]
    assert second[0] == LetterChange("g1", 315, "Ser315", "p.Ser315Thr", sigmoid)
    assert {(change.changed_to, change.probability_change) for change in second[1:]} == {
        ("p.Ala201Ter", 0.0),
        ("p.Ser315Asn", 0.0),
    }


def test_changes_are_written_as_csv(tmp_path: Path) -> None:
    write_changes([LetterChange("g1", 315, "Ser315", "p.Ser315Thr", 0.25)], tmp_path / "changes.csv")
    assert (tmp_path / "changes.csv").read_text() == (
        "id,position,letter,changed_to,probability_change\ng1,315,Ser315,p.Ser315Thr,0.25\n"
    )

"""The search space: what a TOML file may say, and what it becomes."""

import dataclasses
from pathlib import Path

import optuna
import pytest
from optuna.samplers import RandomSampler

from hpo.errors import SpaceError
from hpo.search.space import Space, possible_encodings, read_space
from model.configuration import original_configuration
from model.encoding import mutation_encodings

RELATED = mutation_encodings("dna")


def write(folder: Path, text: str) -> Path:
    path = folder / "my space.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("alphabet", ["dna", "protein"])
def test_the_default_space_holds_the_original_configuration(alphabet: str) -> None:
    space = read_space(None, alphabet)
    baseline = original_configuration(alphabet)
    assert set(space.representable(baseline)) == set(space.searched)


@pytest.mark.parametrize(("alphabet", "encodings"), [("dna", RELATED), ("protein", ("mutation",))])
def test_relatives_are_searched_by_their_mutations(alphabet: str, encodings: tuple[str, ...]) -> None:
    space, whole = read_space(None, alphabet, related=mutation_encodings(alphabet)), read_space(None, alphabet)
    assert space.encodings == encodings
    assert space.parameters["linear"].examples() == ("by_position", "none")
    assert whole.parameters["linear"].examples() == ("none", "by_kmer")
    assert (space.start.encoding, space.largest.encoding) == (encodings[0], encodings[-1])


def test_proteins_are_read_whole_where_frames_are_lost_and_found_again(tmp_path: Path) -> None:
    by_bases = ("mutation_nucleotide",)
    space = read_space(None, "dna", related=by_bases)
    assert space.encodings == ("amino_acid", "mutation_nucleotide")
    assert (space.start.encoding, space.start.positions) == ("amino_acid", "learned")
    # What the user asks for, and what has no proteins to read, stays as it is.
    asked = read_space(write(tmp_path, 'encoding = "mutation_nucleotide"\n'), "dna", related=by_bases)
    assert asked.encodings == read_space(None, "dna", related=by_bases, codes=False).encodings == by_bases


@pytest.mark.parametrize("encoding", ['"mutation"', '["codon", "mutation_nucleotide"]'])
def test_genes_that_are_no_relatives_have_no_mutations(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, f"encoding = {encoding}\n")
    with pytest.raises(SpaceError, match=r"my space\.toml: .*no mutations to search by; got encoding") as refused:
        read_space(path, "dna")
    assert "Leave `encoding` out" in refused.value.next_step
    assert read_space(path, "dna", related=RELATED).encodings == tuple(encoding.strip('[]"').split('", "'))


def test_proteins_have_no_mutations_of_nucleotides(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="protein sequences can only be searched as amino_acid or mutation, got"):
        read_space(write(tmp_path, 'encoding = "mutation_nucleotide"\n'), "protein", related=("mutation",))


@pytest.mark.parametrize(
    "text",
    ['encoding = "mutation"\nlinear = "by_kmer"\n', 'encoding = ["codon", "mutation"]\nlinear = ["none", "by_kmer"]\n'],
)
def test_mutations_and_words_are_refused_when_the_space_is_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        SpaceError, match=r"my space\.toml: linear is 'by_kmer' with encoding 'mutation'.*'by_position'"
    ):
        read_space(write(tmp_path, text), "dna", related=RELATED)


def test_whole_sequences_of_relatives_may_have_words(tmp_path: Path) -> None:
    text = 'encoding = ["codon", "nucleotide"]\nlinear = ["none", "by_kmer"]\n'
    assert read_space(write(tmp_path, text), "dna", related=RELATED).largest.linear == "by_kmer"


def test_what_may_be_searched_is_known_before_the_genes_are_read(tmp_path: Path) -> None:
    every = ("nucleotide", "codon", "amino_acid", "mutation", "mutation_nucleotide")
    assert possible_encodings(None, "dna") == every
    assert possible_encodings(write(tmp_path, "layers = 1\n"), "dna") == every
    assert possible_encodings(write(tmp_path, 'encoding = ["codon", "mutation"]\n'), "dna") == ("codon", "mutation")


def test_a_name_that_is_none_is_refused_wherever_a_space_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="no hyperparameter is called encodng"):
        possible_encodings(write(tmp_path, 'encodng = "codon"\n'), "dna")


def test_dna_is_searched_in_all_three_encodings_and_protein_in_one() -> None:
    assert read_space(None, "dna").encodings == ("amino_acid", "codon", "nucleotide")
    assert read_space(None, "protein").encodings == ("amino_acid",)


def test_what_a_file_leaves_out_keeps_its_default(tmp_path: Path) -> None:
    space = read_space(write(tmp_path, 'pooling = "max"\nhidden_size = [16, 32]\n'), "dna")
    assert "pooling" not in space.searched
    assert space.parameters["hidden_size"].examples() == (16, 32)
    assert space.searched.keys() == read_space(None, "dna").searched.keys() - {"pooling"}


def test_every_suggestion_lies_in_the_space(tmp_path: Path) -> None:
    space = read_space(write(tmp_path, "hidden_size = { low = 16, high = 20 }\nlayers = 1\n"), "dna")
    study = optuna.create_study(sampler=RandomSampler(seed=1))
    seen = set()
    for _ in range(40):
        config = space.suggest(study.ask())
        assert config.layers == 1
        seen.add(config.hidden_size)
    assert seen == {16, 17, 18, 19, 20}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("units = 3", "no hyperparameter is called units"),
        ("hidden_size = { low = 9, high = 3 }", "low"),
        ("hidden_size = { low = 16, high = 32, logarithmic = true }", "hidden_size"),
        ("hidden_size = 16.5", "whole numbers"),
        ("hidden_size = [16, 32.5]", "whole numbers"),
        ("dropout = 1.5", "dropout"),
        ('pooling = ["last", "middle"]', "pooling"),
        ("pooling = []", "pooling"),
        ("layers = [1, 1]", "layers"),
        ("learning_rate = { low = 0.0, high = 1.0, log = true }", "logarithmic"),
        ("layers = ", "not valid TOML"),
        ("dropout = { low = 0.0, high = inf }", "dropout"),
        ("dropout = { low = nan, high = 0.5 }", "dropout"),
        ("dropout = { low = 0.0, high = 0.5, step = 0 }", "step: Input should be greater"),
        ("dropout = { low = 0.0, high = 0.5, step = nan }", "step: Input should be greater"),
        ("dropout = { low = 0.0, high = 0.5, step = 1e-300 }", "step"),
        ("dropout = { low = 0.0, high = 0.5, step = -0.1 }", "step"),
        ("hidden_size = { low = 16, high = 64, step = 0.5 }", "hidden_size takes whole steps, got 0.5"),
        (f"hidden_size = [16, 1{'0' * 400}]", "hidden_size"),
        (f"dropout = 1{'0' * 400}", "dropout"),
        (f"{'a.' * 20_000}a = 1", "line 1, has 40,005 characters of 2,000 at most"),
        (f"dropout{'.a' * 900} = 1", "{...}}}}}}} is not a list of choices"),
        (f"dropout = {'[' * 900}{']' * 900}", "values within values"),
        ("# " + "x" * 98 + "\n" + ("#" * 99 + "\n") * 1000, "more than 100,000 bytes"),
        # Each value is judged by itself: the parameter that is named is the one that is wrong.
        ('dropout = [1.5, 0.1]\npooling = ["last", "max"]', "my space.toml: dropout = 1.5 is not allowed"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SpaceError, match="my space") as caught:
        read_space(write(tmp_path, text), "dna")
    assert complaint in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="nowhere"):
        read_space(tmp_path / "nowhere.toml", "dna")


def test_proteins_have_no_codons(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="amino_acid"):
        read_space(write(tmp_path, 'encoding = ["codon", "amino_acid"]'), "protein")


def test_a_space_survives_json(tmp_path: Path) -> None:
    space = read_space(write(tmp_path, "layers = [1, 2]\nhidden_size = { low = 16, high = 64, step = 16 }\n"), "dna")
    again = Space.model_validate_json(space.model_dump_json())
    assert again == space
    assert again.distributions == space.distributions


def test_a_narrow_space_represents_only_what_fits_of_the_baseline(tmp_path: Path) -> None:
    space = read_space(write(tmp_path, 'encoding = ["codon", "amino_acid"]\nhidden_size = [16, 32]\n'), "dna")
    fitting = space.representable(original_configuration("dna"))
    assert "encoding" not in fitting
    assert "hidden_size" not in fitting
    assert fitting["dropout"] == dataclasses.asdict(original_configuration("dna"))["dropout"]


def test_a_search_starts_at_the_first_of_choices_and_the_middle_of_ranges(tmp_path: Path) -> None:
    text = "hidden_size = { low = 16, high = 64, log = true }\nbatch_size = { low = 10, high = 21 }\n"
    space = read_space(write(tmp_path, text + 'layers = [1, 2, 3]\ndropout = 0.25\npooling = "max"\n'), "dna")
    start = space.start
    assert (start.hidden_size, start.batch_size, start.layers) == (32, 16, 1)
    assert (start.dropout, start.pooling) == (0.25, "max")
    assert start.encoding == "amino_acid"


def test_the_largest_of_a_space_takes_every_size_at_its_end_and_the_longest_encoding(tmp_path: Path) -> None:
    text = "hidden_size = [64, 16]\nembedding_size = 8\nlayers = [2, 1]\nbatch_size = { low = 16, high = 400 }\n"
    largest = read_space(write(tmp_path, text + 'encoding = ["amino_acid", "codon"]\n'), "dna").largest
    assert (largest.hidden_size, largest.embedding_size, largest.layers, largest.batch_size) == (64, 8, 2, 400)
    assert largest.encoding == "codon"
    assert read_space(None, "protein").largest.encoding == "amino_acid"


def test_a_space_from_before_a_hyperparameter_came_has_a_start_and_a_largest() -> None:
    parameters = {name: entry for name, entry in read_space(None, "dna").parameters.items() if name != "positions"}
    space = Space(parameters=parameters)
    assert (space.start.positions, space.largest.positions) == ("none", "none")


def test_a_file_of_whole_encodings_keeps_their_defaults_for_relatives_too(tmp_path: Path) -> None:
    whole = read_space(write(tmp_path, 'encoding = ["codon", "amino_acid"]\n'), "dna", related=RELATED)
    assert whole.parameters["positions"].examples() == ("none", "learned")
    assert whole.parameters["hidden_size"] == read_space(None, "dna").parameters["hidden_size"]
    both = read_space(write(tmp_path, 'encoding = ["mutation", "amino_acid"]\n'), "dna", related=RELATED)
    assert both.parameters["positions"].examples() == ("none", "learned")
    assert both.parameters["linear"].examples() == ("by_position", "none")


@pytest.mark.parametrize(
    ("entry", "start"),
    [
        ("hidden_size = { low = 16, high = 65, step = 10 }", 36),
        ("dropout = { low = 0.0, high = 0.4, step = 0.15 }", 0.15),
        ("dropout = { low = 0.0, high = 0.4 }", 0.2),
    ],
)
def test_a_search_begins_on_the_grid_of_its_steps(entry: str, start: float, tmp_path: Path) -> None:
    name = entry.split(" ")[0]
    space = read_space(write(tmp_path, f"{entry}\n"), "dna")
    assert getattr(space.start, name) == pytest.approx(start)
    assert space.distributions[name]._contains(getattr(space.start, name))
    assert space.representable(space.start)[name] == getattr(space.start, name)
    off = dataclasses.replace(space.start, **{name: getattr(space.start, name) + (1 if "hidden" in name else 0.01)})
    assert (name in space.representable(off)) is ("step" not in entry)

"""The sentences on relatives and their mutations."""

from dataclasses import replace

import numpy as np
import pytest

from hpo.report.evidence import Evidence
from hpo.report.sentences import say
from hpo.report.statistics import derive
from hpo.report.words.architecture import introduction
from model.inspection import MutationInspection
from report_words import met, said


def test_positions_of_mutations_are_named_by_the_ancestors_letter(evidence: Evidence) -> None:
    found = evidence.positions
    assert found is not None
    names = tuple(f"Lys{place + 1}" for place in range(len(found.effect)))
    changed = replace(evidence, positions=replace(found, encoding="mutation", commonest=names))
    told = say(changed, derive(changed)).positions
    assert f"The largest effects are at Lys{int(np.argmax(found.effect)) + 1}," in told
    assert "losing the mutation that they had there or getting those that are commonest" in told
    assert "to the letters" not in told


def related(evidence: Evidence, mutations: MutationInspection | None) -> Evidence:
    data = evidence.contract.data.model_copy(update={"ancestors": {"mutation": "MKTAY"}})
    contract = evidence.contract.model_copy(update={"data": data})
    return replace(evidence, contract=contract, data=replace(evidence.data, mutations=mutations, divergence=0.01))


def test_the_mutations_of_relatives_are_told_and_the_encoding_that_was_read_is_another_matter(
    evidence: Evidence,
) -> None:
    found = MutationInspection("mutation", positions=303, median=2.0, longest=41, far=1)
    sentences = met(related(evidence, found))
    assert sentences["Descendants of one ancestor"] == (
        "A gene has 2 mutations of amino acids in the median and 41 at most, told from an ancestor of 303 letters; "
        "1 gene differs from it in more than 20\N{NO-BREAK SPACE}% of them."
    )
    assert "No common ancestor" not in sentences
    whole = replace(evidence, chosen=replace(evidence.chosen, params={**evidence.chosen.params, "encoding": "codon"}))
    assert "It reads codons." in introduction(related(whole, found), derive(whole))
    by_mutations = replace(
        evidence, chosen=replace(evidence.chosen, params={**evidence.chosen.params, "encoding": "mutation_nucleotide"})
    )
    assert "It reads mutations of nucleotides." in introduction(by_mutations, derive(by_mutations))


def test_genes_without_an_ancestor_are_said_to_have_been_read_whole(evidence: Evidence) -> None:
    sentence = met(evidence)["No common ancestor"]
    assert "differ in 62.5\N{NO-BREAK SPACE}% of the letters" in sentence
    assert "so whole sequences were read" in sentence


def test_where_nothing_is_known_of_an_ancestor_nothing_is_said(evidence: Evidence) -> None:
    unknown = replace(evidence, data=replace(evidence.data, divergence=None))
    # The development rows had one, though all rows together would not.
    for one in (unknown, related(evidence, None)):
        assert not {"No common ancestor", "Descendants of one ancestor"} & met(one).keys()


@pytest.mark.parametrize("encoding", ["amino_acid", "mutation"])
def test_what_letters_cannot_tell_their_mutations_cannot_tell_either(evidence: Evidence, encoding: str) -> None:
    tight = replace(evidence.data.encodings[0], encoding="amino_acid", ceiling=0.8)
    chosen = replace(evidence.chosen, params={**evidence.chosen.params, "encoding": encoding})
    trials = tuple(replace(trial, params={**trial.params, "encoding": encoding}) for trial in evidence.trials)
    changed = replace(evidence, chosen=chosen, trials=trials, data=replace(evidence.data, encodings=(tight,)))
    assert "right for more than 80.0" in said(changed)["Little is left to gain"]


@pytest.mark.parametrize(("ceiling", "explained"), [(0.999, False), (0.6, True)])
def test_more_than_nobody_can_be_right_for_is_explained(evidence: Evidence, ceiling: float, explained: bool) -> None:
    known = replace(evidence.data.encodings[0], encoding="amino_acid", contradictory_rows=2, ceiling=ceiling)
    chosen = replace(evidence.chosen, params={**evidence.chosen.params, "encoding": "amino_acid"})
    changed = replace(evidence, chosen=chosen, data=replace(evidence.data, encodings=(known,)))
    told = said(changed).get("Little is left to gain", "")
    assert ("a smaller share is of this kind" in told) == explained

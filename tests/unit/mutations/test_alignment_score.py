"""No alignment may beat the one that is taken: against a plain dynamic program over the whole of both sequences."""

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from model.mutations.gapped import align
from model.mutations.ungapped import best_ungapped, find_repeats

FEW_LETTERS = st.text("AC", min_size=1, max_size=14)
BASES = st.text("ACGT", min_size=1, max_size=14)


def best_score(ancestor: str, gene: str) -> float:
    """Tries everything: at each cell a pair, a deletion or an insertion, after any of the three."""

    @cache
    def best(i: int, j: int, last: str) -> float:
        if i == len(ancestor) and j == len(gene):
            return 0.0
        options = []
        if i < len(ancestor) and j < len(gene):
            options.append((1 if ancestor[i] == gene[j] else -1) + best(i + 1, j + 1, "pair"))
        if i < len(ancestor):
            at_the_end = j in (0, len(gene))
            cost = 0 if at_the_end else (-0.5 if last == "deletion" else -3)
            options.append(cost + best(i + 1, j, "deletion"))
        if j < len(gene):
            options.append((-0.5 if last == "insertion" else -3) + best(i, j + 1, "insertion"))
        return max(options)

    return best(0, 0, "pair")


def score(upper: str, lower: str) -> float:
    begin, end = len(lower) - len(lower.lstrip("-")), len(lower.rstrip("-"))
    total, last = 0.0, ""
    for a, b in zip(upper[begin:end], lower[begin:end], strict=True):
        kind = "deletion" if b == "-" else "insertion" if a == "-" else "pair"
        total += (1 if a == b else -1) if kind == "pair" else (-0.5 if kind == last else -3)
        last = kind
    return total


def check(gene: str, ancestor: str) -> None:
    upper, lower = align(gene, ancestor, find_repeats(ancestor))
    assert upper.replace("-", "") == ancestor
    assert lower.replace("-", "") == gene
    assert score(upper, lower) == best_score(ancestor, gene)


def proven(gene: str, ancestor: str) -> bool:
    laid = np.array([[a != b for a, b in zip(gene.ljust(len(ancestor)), ancestor, strict=True)]])
    laid[:, len(gene) :] = False
    return bool(best_ungapped(laid, np.array([len(gene)]), find_repeats(ancestor))[0])


def edited(draw: st.DrawFn, letters: str, size: int, edits: int) -> tuple[str, str]:
    ancestor = draw(st.text(letters, min_size=size // 3, max_size=size))
    gene = ancestor
    for _ in range(draw(st.integers(0, edits))):
        at = draw(st.integers(0, len(gene)))
        removed, added = draw(st.integers(0, 4)), draw(st.text(letters, max_size=4))
        gene = gene[:at] + added + gene[at + removed :]
    return gene or letters[0], ancestor


@st.composite
def relatives(draw: st.DrawFn) -> tuple[str, str]:
    return edited(draw, draw(st.sampled_from(["AC", "ACGT", "ACDEFGHIKLMN"])), size=60, edits=4)


@st.composite
def laid(draw: st.DrawFn) -> tuple[str, str]:
    letters = draw(st.sampled_from(["AC", "ACGT", "ACDEFGHIKLMN"]))
    ancestor = draw(st.text(letters, min_size=6, max_size=40))
    gene = list(ancestor)
    for _ in range(draw(st.integers(1, 8))):
        gene[draw(st.integers(0, len(gene) - 1))] = draw(st.sampled_from(letters))
    return "".join(gene)[: draw(st.integers(1, len(gene)))], ancestor


@settings(max_examples=150, deadline=None)
@given(st.one_of(FEW_LETTERS, BASES), st.one_of(FEW_LETTERS, BASES))
def test_no_alignment_of_unrelated_sequences_beats_the_one_taken(gene: str, ancestor: str) -> None:
    check(gene, ancestor)


@settings(max_examples=80, deadline=None)
@given(relatives())
def test_no_alignment_of_relatives_beats_the_one_taken(pair: tuple[str, str]) -> None:
    check(*pair)


@settings(max_examples=200, deadline=None)
@given(laid())
def test_what_is_proven_ungapped_has_no_better_alignment(pair: tuple[str, str]) -> None:
    gene, ancestor = pair
    if proven(gene, ancestor):
        equal = sum(a == b for a, b in zip(gene, ancestor, strict=False))
        assert 2 * equal - len(gene) == best_score(ancestor, gene)


def test_the_proof_holds_for_most_genes_and_not_for_shifted_ones() -> None:
    random = np.random.default_rng(0)
    ancestor = "".join(random.choice(list("ACGT"), 600))
    gene = list(ancestor)
    for place in random.choice(np.arange(40, 560), 6, replace=False):
        gene[place] = "C" if gene[place] == "A" else "A"
    assert proven("".join(gene), ancestor)
    assert proven("".join(gene)[:300], ancestor)
    assert not proven(ancestor[:250] + ancestor[251:], ancestor)

"""`hpo inspect`: what the data are, and what `create-study` would do with them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from hpo.search.space import possible_encodings
from model.choices import Duplicates
from model.coding import find_coding
from model.encoding import Encoding
from model.errors import DataError
from model.genes import Genes
from model.inspection import inspect
from model.splitting import group_ids, split

_MEANINGS = {"resistant": "is resistant", "susceptible": "is susceptible", "drop": "is left out"}
_MOST_WORDS = 20
_UNITS = {"mutation": "mutations of amino acids", "mutation_nucleotide": "mutations of nucleotides"}


def look_at(
    genes: Genes,
    *,
    source: str,
    genetic_code: int,
    folds: int,
    test_size: float,
    seed: int,
    duplicates: Duplicates,
    space_file: Path | None = None,
) -> dict[str, Any]:
    """Gathers everything that `hpo inspect` tells, ready for JSON.

    Args:
        genes: With labels.
        source: The file's name.
        genetic_code: NCBI number of the translation table.
        folds: As `create-study` would be given.
        test_size: Likewise.
        seed: Likewise.
        duplicates: Likewise.
        space_file: Likewise.

    Raises:
        SpaceError: The space file is none.
        DataError: The genes cannot be encoded.
    """
    coding = find_coding(genes, genetic_code)
    encodings = possible_encodings(space_file, genes.alphabet, codes=coding is None or coding.codes)
    return {
        "source": source,
        "fingerprint": genes.fingerprint(),
        "columns": dict(genes.provenance.columns),
        "ignored_columns": list(genes.provenance.ignored),
        "rules": genes.provenance.rules.as_dict(),
        **genes.provenance.changes.as_dict(),
        "reading": genes.provenance.in_words(),
        **inspect(genes, genetic_code).as_dict(),
        "label_words": [asdict(read) for read in genes.label_words],
        "coding": coding and {"read": list(coding.read), "codes": coding.codes, "frame": coding.frame},
        "coding_in_words": coding.in_words() if coding else "",
        "create_study": _rehearse(genes, genetic_code, encodings, folds, test_size, seed, duplicates),
    }


def _rehearse(
    genes: Genes,
    genetic_code: int,
    encodings: tuple[Encoding, ...],
    folds: int,
    test_size: float,
    seed: int,
    duplicates: Duplicates,
) -> dict[str, Any]:
    if genes.labels is None:
        return {"possible": False, "reason": "These genes carry no labels.", "next_step": "Name the label column."}
    groups = group_ids(genes, encodings, genetic_code)
    try:
        parts = split(genes.labels, groups, test_size=test_size, folds=folds, seed=seed, duplicates=duplicates)
    except DataError as error:
        return {"possible": False, "reason": error.message, "next_step": error.next_step}
    sizes = [int((parts.fold == fold).sum()) for fold in range(folds)]
    return {
        "possible": True,
        "development": int((~parts.test).sum()),
        "test": int(parts.test.sum()),
        "fold_rows": sizes,
        "duplicates": duplicates,
    }


def as_text(findings: dict[str, Any]) -> str:
    """Writes the findings for people."""
    rows, resistant = findings["rows"], findings["resistant"]
    length = findings["length"]
    lines = [
        f"{findings['source']}: {rows} genes ({findings['alphabet']}), {resistant} resistant "
        f"({resistant / rows:.1%}), {rows - resistant} susceptible",
        f"  letters        {length['shortest']} to {length['longest']}, median {length['median']:g}",
        f"  ambiguous      {findings['ambiguous_letters']} letters",
        *_label_lines(findings["label_words"]),
        *(f"  {line}" for line in findings["reading"]),
    ]
    for summary in findings["encodings"]:
        lines += [
            f"  as {summary['encoding'].replace('_', ' ')}:",
            f"    tokens       {summary['length']['shortest']} to {summary['length']['longest']}, "
            f"median {summary['length']['median']:g}",
            f"    distinct     {summary['distinct']} ({summary['distinct'] / rows:.1%}); "
            f"the commonest stands {summary['commonest']} times ({summary['commonest'] / rows:.1%})",
            f"    contradictory {summary['contradictory_rows']} rows carry a sequence that has both labels",
            f"    ceiling      no classifier of these sequences can be right for more than {summary['ceiling']:.4f}",
        ]
    if findings["coding_in_words"]:
        lines.append(f"  {findings['coding_in_words']}")
    return "\n".join([*lines, *_mutation_lines(findings), *_rehearsal_lines(findings["create_study"])])


def _label_lines(words: list[dict[str, Any]]) -> list[str]:
    shown = [f"{read['word']!r} {_MEANINGS[read['meaning']]} ({_rows(read['rows'])})" for read in words[:_MOST_WORDS]]
    more = [f"and {len(words) - _MOST_WORDS} others"] if len(words) > _MOST_WORDS else []
    return [f"  labels         {', '.join(shown + more)}"] if shown else []


def _rows(count: int) -> str:
    return f"{count} row{'s' if count != 1 else ''}"


def _mutation_lines(findings: dict[str, Any]) -> list[str]:
    found, divergence, limit = findings["mutations"], findings["divergence"], findings["largest_divergence"]
    if found is None:
        why = "they cannot be compared letter by letter"
        if divergence is not None:
            why = f"in the median they differ from a common ancestor in {divergence:.1%} of its letters"
        return ["  whole sequences are read, for these genes are no close relatives:", f"    {why} (limit {limit:.0%})"]
    return [
        f"  as {_UNITS[found['encoding']]} of an ancestor of {found['positions']} letters:",
        f"    mutations    median {found['median']:g}, at most {found['longest']}",
        f"    far          {found['far']} of the genes differ in more than {limit:.0%} of the letters",
    ]


def _rehearsal_lines(plan: dict[str, Any]) -> list[str]:
    if not plan["possible"]:
        return ["create-study would refuse:", f"  {plan['reason']}", f"  {plan['next_step']}"]
    sizes = ", ".join(str(size) for size in plan["fold_rows"])
    return [
        f"create-study would seal {plan['test']} rows as test set and divide {plan['development']} into folds of "
        f"{sizes}; "
        f"identical sequences are {'kept together' if plan['duplicates'] == 'together' else 'spread'}."
    ]

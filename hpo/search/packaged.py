"""The packaged search spaces: which of them suits which genes."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from model.alphabet import Alphabet
from model.encoding import MutationEncoding, is_mutation, mutation_encodings


def packaged_name(alphabet: str, related: Collection[MutationEncoding], codes: bool) -> str:
    """Names the packaged space for such genes; its file is called so, and that of its portfolio.

    Args:
        alphabet: "dna" or "protein".
        related: Encodings by which the genes descend from one ancestor.
        codes: Whether DNA codes for proteins.
    """
    if not related:
        return alphabet
    # Where residues say nothing and bases do, frames are lost and found again: what stands between is read whole.
    shifted = alphabet == "dna" and codes and "mutation" not in related
    return f"{alphabet}_{'shifted' if shifted else 'related'}"


def packaged_table(
    alphabet: str, related: Collection[MutationEncoding], codes: bool, asked: object = None
) -> dict[str, Any]:
    """Reads the packaged space for such genes.

    Args:
        alphabet: As `packaged_name` takes it.
        related: Likewise.
        codes: Likewise.
        asked: The encodings that a user's file asks for, unchecked; what it leaves out is of mutations, of whole
            sequences where it asks for these alone, of both for a mixture.
    """
    named = [] if asked is None else asked if isinstance(asked, list) else [asked]
    whole = [one for one in named if not is_mutation(str(one))]
    by_mutation = bool(related) and (not named or len(whole) < len(named))
    # What a file asks for itself is no guess of ours that frames are lost.
    asked_for = f"{alphabet}_related" if by_mutation else alphabet
    name = asked_for if named else packaged_name(alphabet, related, codes)
    table = tomllib.loads((Path(__file__).parent / "spaces" / f"{name}.toml").read_text())
    if by_mutation and not name.endswith("_shifted"):
        table["encoding"] = [one for one in mutation_encodings(cast(Alphabet, alphabet)) if one in related]
    elif not codes:
        table["encoding"] = "nucleotide"
    if by_mutation and whole:
        table["positions"] = ["none", "learned"]
    return table

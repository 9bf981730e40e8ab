"""Seeds: one number for each purpose, derived from the study's seed and from nothing else."""

import hashlib


def derive(seed: int, *purpose: str | int) -> int:
    """A seed in [0, 2**32) for a purpose within a study.

    The fold's seed does not depend on the trial: initialisation, shuffling and dropout are then common to all
    trials, which are compared in pairs. The sampler's seed does, so that workers do not repeat each other.

    Args:
        seed: The study's seed.
        purpose: Words and numbers that name the use, for example `("fold", 3)`.
    """
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")

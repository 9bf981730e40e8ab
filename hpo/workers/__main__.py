"""Starts a parent's child: `python -m hpo.workers`, which a parent calls, and nobody else."""

import gc


def main() -> None:
    """Imports, and does what the child is there for."""
    # Importing makes objects by the hundred thousand and hardly any garbage: looking for it took a sixth of the time.
    gc.disable()
    from hpo.workers.child import main as work

    gc.freeze()
    gc.enable()
    work()


if __name__ == "__main__":
    main()

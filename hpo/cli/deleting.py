"""`hpo delete`: tells what would go, asks, and deletes."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.cli.command import LOOK_AFTER, command, option
from hpo.cli.durations import parse_duration
from hpo.cli.options import Json, StorageOptions
from hpo.cli.output import print_json
from hpo.errors import EXIT_FAILED, UsageError

if TYPE_CHECKING:
    from hpo.deleting import Plan, Terms


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "delete", LOOK_AFTER)(delete)


@dataclass(frozen=True, kw_only=True)
class TermOptions:
    """Which artifacts go."""

    also: Annotated[
        list[str] | None,
        option(
            "--also",
            help="Another storage that keeps artifacts in this place: what its studies name stays. May be repeated.",
            metavar="URL",
        ),
    ] = None
    gone: Annotated[
        list[str] | None,
        option(
            "--gone",
            help="A study that left a note among the artifacts and is in no storage any more. May be repeated.",
            metavar="ID",
        ),
    ] = None
    no_earlier_studies: Annotated[
        bool,
        typer.Option(
            "--no-earlier-studies",
            help="No other storage has studies in this place that were made before version 0.3 and left no note.",
        ),
    ] = False
    min_age: Annotated[
        float,
        option(
            "--min-age",
            help="Leave what was stored within so long: somebody may be about to name it. Seconds, or 5m, 2h, ...",
            parser=parse_duration(0),
            metavar="DURATION",
        ),
    ] = 900.0

    def terms(self) -> "Terms":
        """Returns them as `hpo.deleting` takes them."""
        from hpo.deleting import Terms

        return Terms(
            also=tuple(self.also or ()),
            gone=tuple(self.gone or ()),
            no_earlier_studies=self.no_earlier_studies,
            min_age_s=self.min_age,
        )


def delete(
    where: StorageOptions,
    which: TermOptions,
    study: Annotated[str | None, typer.Argument(metavar="STUDY", help="The study.")] = None,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="No study, but all artifacts that no study of the storage names any more.")
    ] = False,
    keep_artifacts: Annotated[
        bool, typer.Option("--keep-artifacts", help="Delete the study alone: a copy of it may need the artifacts.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be deleted, and delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Delete a study, and the artifacts that no other study names; or artifacts alone that no study names any more.

    What would go is told first, and asked about. Refused while workers hold trials of the study, and while a study of
    another storage may name the same artifacts. A copy of the storage, or of the study, is known to nobody: it loses
    the artifacts too, unless --keep-artifacts is given.
    """
    from hpo.deleting import plan_orphans, plan_study
    from hpo.terminal import say, show

    if (study is None) != orphans:
        raise UsageError("`hpo delete` takes a study, or --orphans.", "hpo studies lists the studies.")
    if orphans and keep_artifacts:
        raise UsageError("--orphans deletes artifacts, and --keep-artifacts none.", "Give one of them.")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageError("Nobody is there to be asked: this is no terminal.", "Give --yes, or --dry-run to look first.")
    address, terms = where.address(study), which.terms()
    plan = plan_orphans(address, terms) if orphans else plan_study(address, terms, keep_artifacts=keep_artifacts)
    if not json:
        show(plan.in_words())
    if dry_run:
        if json:
            print_json({"dry_run": True} | plan.as_dict())
        return
    if not (yes or _agreed(plan)):
        say("Nothing was deleted.")
        raise typer.Exit(EXIT_FAILED)
    deleted = plan.run()
    if json:
        print_json({"dry_run": False} | deleted.as_dict())
    else:
        show(deleted.in_words())


def _agreed(plan: "Plan") -> bool:
    if plan.study is None and not plan.artifacts:
        return True  # nothing to ask about
    what = "these artifacts" if plan.study is None else "all this"
    return typer.confirm(f"Delete {what} for good?", err=True)

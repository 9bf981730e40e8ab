"""Deleting: a study with the artifacts that nobody else names, and artifacts that nobody names any more."""

from hpo.deleting.orphans import plan_orphans
from hpo.deleting.plan import Deleted, Plan, Terms
from hpo.deleting.study import plan_study

__all__ = ["Deleted", "Plan", "Terms", "plan_orphans", "plan_study"]

"""From the sequences of a file to those that are learnt from: what cannot be read is refused or dealt with as asked."""

from model.cleaning.changes import Changes
from model.cleaning.cleaning import Cleaned, clean
from model.cleaning.missing import is_missing
from model.cleaning.rules import Rules

__all__ = ["Changes", "Cleaned", "Rules", "clean", "is_missing"]

"""A study: what is frozen, how it stands, and how it is steered. Imports no torch."""

"""The report: `finalize` gathers the evidence, this package writes the answer. Imports no torch."""

"""Who proposes the next trial, and who gives one up between folds. Imports no torch."""

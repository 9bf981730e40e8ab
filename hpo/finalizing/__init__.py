"""The answer: retrain the best trial, open the test set, write report and model."""

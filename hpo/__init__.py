"""The service: the only room that knows both the learner and the storage."""

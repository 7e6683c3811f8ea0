"""Papers, days, editions and the keys that name them: immutable data without input or output."""

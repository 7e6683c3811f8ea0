"""The archive: all days under one folder, indexed in SQLite and read through consistent snapshots."""

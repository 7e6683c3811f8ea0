"""Publishing: documents with their ETags and headers, rendered on all cores, and written to folders, stores and mail."""

"""Publishing: documents with their ETags and headers, rendered on all cores, written to folders and stores, mailed."""

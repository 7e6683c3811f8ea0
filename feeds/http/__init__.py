"""HTTP: negotiation, conditional requests, ranges, compression, caching and the server process."""

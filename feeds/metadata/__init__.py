"""What arXiv and Crossref know of papers: fetched once, and kept in a store that completes what digests say."""

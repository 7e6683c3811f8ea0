"""The fields of a paper as digests write them: labels, addresses, dates and other values."""

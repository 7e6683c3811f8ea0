"""The site: its settings, and the URLs, IDs, timestamps and translations that follow from them."""

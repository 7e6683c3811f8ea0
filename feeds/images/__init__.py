"""Fetches the papers' images from the web, converts them for e-readers and stores the pictures."""

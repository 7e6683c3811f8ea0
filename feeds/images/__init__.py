"""Fetches the papers' images from the web, converts them for pages and e-readers and stores the pictures.

An image is what a URL serves; a picture is what the store keeps of it, in up to three sizes called renditions.
"""

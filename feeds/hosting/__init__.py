"""Configurations to host a site with, rendered from the registry of formats and the settings of the archive."""

"""The built-in exporters, a module a family of formats."""

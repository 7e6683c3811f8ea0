"""Exporters: turn editions into documents, each in one format; the contract, the registry and the built-in formats."""

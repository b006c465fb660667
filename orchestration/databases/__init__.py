"""Databases: what is new in a brand's tables becomes files of its landing folder."""

"""Persons without a shared identifier: the models of likeness against known duplicates."""

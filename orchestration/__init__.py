"""Rekindle: landing files in, published membership marts out."""

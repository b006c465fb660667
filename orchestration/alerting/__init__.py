"""Alerts: rules over the published numbers, what they found, and who was told."""

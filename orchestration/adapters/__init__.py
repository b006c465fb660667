"""Adapters turn public retail data sets into landing folders that follow the contract."""

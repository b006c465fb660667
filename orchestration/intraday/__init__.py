"""The five-minute path: what people did in the last hours, without waiting for a daily build."""

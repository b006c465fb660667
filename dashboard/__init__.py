"""The board: web pages over the published file, in Chinese and English."""

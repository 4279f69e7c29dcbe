"""Exported models: predict the genres of new files, and learn from new clips."""

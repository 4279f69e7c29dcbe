"""Genres in the tags of files: read, chosen, written so that nothing is lost, and undone."""

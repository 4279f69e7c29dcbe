"""Trained models on new files."""

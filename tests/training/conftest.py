"""Trainings that take longer than unit tests: `.ci/run` runs them, with JAX and PyTorch installed."""

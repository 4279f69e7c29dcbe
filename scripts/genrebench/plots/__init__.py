"""Pictures, one module per kind."""

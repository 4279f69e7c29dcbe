"""What a clone can do without until something reads it: by kind, a pattern of paths."""

RECOVERABLE = {"audio": "data/raw/*", "features": "results/*/features/*.npy"}

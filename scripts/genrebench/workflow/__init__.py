"""What the Snakefile knows: configuration, code, extras, weights, jobs. Names and paths, never arrays."""

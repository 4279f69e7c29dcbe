"""What a run costs: the plan before it, the progress while it runs, the memory of its jobs."""

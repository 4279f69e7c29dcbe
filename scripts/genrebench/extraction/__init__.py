"""From clips to feature caches."""

"""The content of the report's sections; their words are in the templates of the same names."""

"""A web page that predicts the genre of a recording."""

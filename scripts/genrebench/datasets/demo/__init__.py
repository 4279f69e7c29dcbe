"""The demo corpus: synthetic music in the ten genres of GTZAN, rendered from a seed.

`synthesis` makes sounds, `styles` says what each genre is like, `music` writes and plays the clips.
"""

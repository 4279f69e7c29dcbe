"""From files to samples and spectra."""

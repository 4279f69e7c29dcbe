"""What every part uses: the command line, files, errors."""

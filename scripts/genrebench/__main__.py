"""`python -m genrebench`: the console command."""

from genrebench.commands.main import main

if __name__ == "__main__":  # not in the processes that it starts, which import this module again
    main()

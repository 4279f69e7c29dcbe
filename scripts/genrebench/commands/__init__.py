"""The console command `genrebench`, one module for each subcommand. Modules import what is slow when it is needed."""

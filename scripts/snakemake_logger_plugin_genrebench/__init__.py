"""The logger plugin `genrebench` of Snakemake, which finds its plugins by names like this package's."""

from genrebench.planning.run_log import LogHandler as LogHandler

# Made by `make envs` from the lock file.
pip install --no-deps musicnn==0.1.0

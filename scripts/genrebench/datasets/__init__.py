"""Which clips there are, and who trains, chooses and is tested."""

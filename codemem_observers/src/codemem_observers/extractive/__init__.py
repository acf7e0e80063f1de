"""The observer without a model: it says what the evidence shows, and nothing else."""

"""What observers cost, and the user's limits on it."""

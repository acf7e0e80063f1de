"""From a query to the memories that answer it."""

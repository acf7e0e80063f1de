"""The pages, one module each: what a page shows, as values that its template and programs read."""

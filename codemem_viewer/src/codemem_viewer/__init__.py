"""The codemem server: ingest API, flush worker and pages."""

"""The core of codemem: events, queue, flush, retrieval, packs and the command line."""

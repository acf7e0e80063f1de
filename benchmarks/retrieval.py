"""Measure search and packs on judged sets: `python benchmarks/retrieval.py FOLDER`.

The same as `codemem dev eval FOLDER`, which see, in whatever checkout this file stands.
"""

import sys

from codemem_cli.app import run

if __name__ == "__main__":
    sys.exit(run(["eval", *sys.argv[1:]]))

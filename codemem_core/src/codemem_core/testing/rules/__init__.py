"""The rules of each seam, a module a seam; `RULES` lists them in the order worth reading."""

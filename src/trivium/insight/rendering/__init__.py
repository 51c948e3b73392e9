"""Renderings of expressions and derivations: LaTeX, plain text, NumPy code, a page."""

"""The data of the page that `explore` shows: Embedding Atlas, by Apple, from its Python package."""

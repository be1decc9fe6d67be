"""How clusters are found among vectors, and how a model puts new vectors into them."""

"""The map of a group's chains, as a page for a browser and as an image."""

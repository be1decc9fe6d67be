"""The step as a Beam transform, and the server that offers it to other languages."""

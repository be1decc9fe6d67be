"""What the step reads and writes: chains and embeddings files, labels, reports, leases."""

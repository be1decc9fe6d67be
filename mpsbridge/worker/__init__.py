"""Embed files that a pipeline hands over through Redis, on this machine's GPU or CPU.

The vocabulary (job, lease, to reap, fenced, to give back, root, nonce) is that of
``mpsbridge/doc.go``; the scripts in ``mpsbridge/scripts`` are shared with the pipeline.
"""

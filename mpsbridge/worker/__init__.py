"""Embed files that a pipeline hands over through Redis, on this machine's GPU or CPU.

``mpsbridge/doc.go`` explains the words: job, lease, to reap, fenced, to give back, root, nonce.
The pipeline and the worker share the scripts in ``mpsbridge/scripts``.
"""

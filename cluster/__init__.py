"""Cluster the reply chains that Threadloom has embedded, and say what each cluster is about.

Words used throughout the package:

chain         one reply chain: a row of a chains file, and the row with the same number of its
              embeddings file.
source        one pair of such files, with the subreddit that it belongs to (`Source`).
group         the chains that are clustered together: those of one subreddit, or "all".
label         the number of a chain's cluster within its group: 0 is the largest cluster.
noise         label -1: chains in no dense region, which the method puts into no cluster.
level         a coarser view: each cluster belongs to one group of the level. Groups of a finer
              level lie within those of a coarser one.
method        how clusters are found among vectors (`methods.registry`).
anchor        a chain that the method saw; new chains go to the clusters of the nearest anchors.
probability   how firmly a chain sits in its cluster, 0..1; 0 for noise.
key columns   the columns that an embeddings file kept from its chains file, such as `chain_id`:
              they say which chain a label belongs to.
left out      what a file is that cannot take part; a list names it with the reason
              (`files.left_out`).
typical       the chains nearest to the middle of a cluster.

In a notebook, without Beam:

    from threadloom.cluster.files.sources import Source
    from threadloom.cluster.settings import Settings
    from threadloom.cluster.step import cluster_files

    sources = [Source("golang", "chains/golang/1.parquet", "embeddings/golang/1.parquet")]
    summary = cluster_files(sources, Settings(clusters_dir="clusters"))

From the Go pipeline: `threadloom.cluster.beam.server` offers `threadloom.cluster.beam.transform`.
"""

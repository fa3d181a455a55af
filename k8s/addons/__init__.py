"""Parts of the cluster that every system shares, one a file."""

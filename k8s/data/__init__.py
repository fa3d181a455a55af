"""Databases, caches and buckets on a cluster, one a file."""

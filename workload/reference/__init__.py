"""The reference workload: one small application that plays each role of a product.

It stands in for a product's own image, against that product's real database, cache and bucket.
"""

__version__ = "1.0.0"

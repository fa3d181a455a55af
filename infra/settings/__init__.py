"""What an operator says and what a product needs: pure data, no Pulumi resources."""

"""What each component makes, over Pulumi mocks."""

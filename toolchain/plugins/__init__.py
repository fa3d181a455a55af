"""Stand-ins for provider plugins that a machine without plugin downloads can't get."""

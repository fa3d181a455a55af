"""What runs inside any Kubernetes cluster: add-ons, data services and the systems."""

"""Any system that can make an HTTP request, as a channel."""

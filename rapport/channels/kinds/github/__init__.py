"""GitHub: issues, discussions and pull requests of repositories."""

"""A second opinion from an endpoint elsewhere, on what neither rules nor what was learned decided. Off by default."""

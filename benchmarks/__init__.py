"""Figures: how fast and how exactly deliveries due at one instant go out. See README.md."""

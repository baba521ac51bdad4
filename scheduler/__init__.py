"""The clock, in its own process: python -m scheduler. Any number of them may run, on any number of machines."""

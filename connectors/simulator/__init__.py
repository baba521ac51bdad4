"""Both platforms over real HTTP: a WSGI application of its own, written from the platforms' documented facts.

It imports nothing of ours, so that a mistake of the connectors is not repeated here. Both platforms' hosts collapse to
one base URL and the paths stay; the simulator's own calls are under ``/_sim`` and ``/`` is for people.
"""

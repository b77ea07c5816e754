"""The report of a run: one HTML page that needs no network.

`page` fills the template, `svg` draws its charts, `explorer` has the numbers that its
script shows.
"""

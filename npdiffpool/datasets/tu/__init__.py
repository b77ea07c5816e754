"""The text files of a data set in the TU format: reading and writing.

Read `archive` first (the files of a folder or a zip), then `reading` and `tables`
(their content as validated arrays). `writing` writes graphs in the same format.
"""

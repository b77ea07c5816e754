"""What protects the rest: arguments, files, folders, processes.

- `arguments`: checks of single values; `contracts`: of arrays and their shapes
- `atomic_files`: files written whole or not at all; `folder_lock`: one run a folder
- `untrusted`, `untrusted_zip`: files read within limits
- `interrupts`: Ctrl-C; `progress`: bars and lines; `process`: threads and memory
"""

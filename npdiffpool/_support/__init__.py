"""Input checks, safe files and folders, interrupts and progress.

In reading order:

- `arguments`: checks of single values, warnings; `contracts`: checks of arrays
- `parameters`: parameters of a dataclass with their help texts; `settings`: what
  decides a result, as JSON
- `atomic_files`: files written completely or not at all
- `folder_lock`: folders that one run at a time writes into
- `untrusted`, `untrusted_zip`: untrusted files, read within limits
- `interrupts`: Ctrl-C; `progress`: bars, plain lines, text of errors and warnings
- `threads`: independent work side by side; `process`: BLAS threads, memory
- `types`: types that the whole package shares
"""

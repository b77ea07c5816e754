"""npdiffpool itself as a subject of the laws.

`subjects` lists what is checked. `parts` (pooling steps and layers) and `models` (whole
models and training) adapt npdiffpool to the signatures that laws use. `definitions` has
the definition of every primitive of the engine, `problems` draws arrays for it, and
`wrong_gradients` has wrong gradients that the checks must catch. `functions` has all
other functions, `forms` what is computed of sparse, block and dense adjacencies.
"""

"""npdiffpool itself as a subject of the laws.

`subjects` lists what is checked, `parts` and `models` give it the form that laws take,
`definitions` (with `plain`) has every primitive beside its definition, `jacobians` and
`wrong_gradients` are for the laws of gradients.
"""

"""The public verification kit: Hypothesis strategies for graphs and pooling."""

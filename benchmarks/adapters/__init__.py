"""Other implementations as the laws take them; import the one to check."""

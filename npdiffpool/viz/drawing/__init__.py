"""The geometry of the pictures: layouts, discs, outlines, colours, axes."""

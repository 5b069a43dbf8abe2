"""From a hint to an alpha: the model supplies the understanding, classical maths the edge."""

"""The backward pass of a model as equations: named, simplified, with numbers beside them."""

"""Networks with tied parameters: what their gradients must be, and questions about them."""

"""What the model may call, and the guard around it."""

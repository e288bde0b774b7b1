"""Asking a model: the contract in `base`, the SDK in `openai`, the embedded `extractive`."""

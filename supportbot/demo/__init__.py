"""The scripted day and the lab page: drives the product through its real adapters."""

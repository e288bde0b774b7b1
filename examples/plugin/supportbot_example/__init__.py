"""A channel and a retriever that supportbot finds by their entry points."""

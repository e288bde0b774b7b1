"""The web chat: a page and a JSON endpoint. The transcript in the store is the channel itself."""

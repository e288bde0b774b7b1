"""Every setting: the typed tree, how it is read, and the pages that describe it."""

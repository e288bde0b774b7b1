"""Every metric, defined once, and the reports that show them."""

"""From an inbound row to a message of a ticket, or to the reason why there is none."""

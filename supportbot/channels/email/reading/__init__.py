"""Mail as bytes, and what they hold: tolerant and pure; large ones in processes of their own."""

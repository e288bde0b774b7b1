"""What files hold: bytes to text, and what a picture is. Pure: nothing is opened or fetched."""

"""The lab page: write as a customer or an operator, and watch the transcript grow beside it."""

"""The ways out: letters of deliveries, submission, pacing, and the Sent folder as a memory."""

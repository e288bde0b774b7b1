"""Which workspace, and by which token: one from the environment, or many by OAuth."""

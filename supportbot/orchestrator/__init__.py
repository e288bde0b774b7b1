"""The verbs: intake, respond, deliver, takeover, sweep. No vendor name appears here."""

"""From what is owed to a reply, a draft or a handoff: one commit behind the fence."""

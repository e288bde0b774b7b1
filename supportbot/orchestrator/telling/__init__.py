"""What customers and operators are told beside answers: notices, packets, handoffs, questions."""

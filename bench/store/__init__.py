"""What the store costs: counting, questions, copies, whoever reads beside it."""

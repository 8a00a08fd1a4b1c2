"""Who is told, and of what: one message when something goes wrong, and one when it has ended."""

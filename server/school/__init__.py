"""Around school and absences: constraints and the finder, telling ahead, make-ups, waiting lists, whom to call."""

"""What operators order, by a command or over HTTP: links withdrawn or repaired, a person forgotten."""

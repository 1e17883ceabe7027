"""Whether a click was a person's or a machine's: signals of a request, and rules over a copy's clicks."""

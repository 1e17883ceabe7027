"""`waypost doctor`: everything tried as an operator, a relay, a receiver and a reader would."""

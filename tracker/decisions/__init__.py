"""What operators and readers decided: links withdrawn or repaired, consents."""

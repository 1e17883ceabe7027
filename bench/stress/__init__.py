"""What large, slow and hostile work holds up."""

"""What events mean together: messages, deliveries, clicks and the sums of them."""

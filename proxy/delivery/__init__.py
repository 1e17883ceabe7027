"""From the final dot to the reply: the relay's answer is the client's answer."""

"""What webhooks are to be told: kept in the store from the transaction that counts until it is sent."""

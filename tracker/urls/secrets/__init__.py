"""Which destinations carry a secret, by what their texts say, look like and are signed with."""

"""What the proxy costs a mail: rewriting, signing, sessions, the whole way beside others."""

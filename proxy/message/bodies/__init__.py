"""The body of a part, in each transfer encoding: what it holds, and how octets of it are replaced in place."""

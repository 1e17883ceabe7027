"""Links in HTML and plain text, found as a browser or a mail program finds them."""

"""The tables of earlier versions of Waypost, as far as they are needed to leave them."""

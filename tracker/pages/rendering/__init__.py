"""From values to HTML, CSV and static files."""

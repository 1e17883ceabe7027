"""Documentation generated from the declarations: the example file and two pages of docs/."""

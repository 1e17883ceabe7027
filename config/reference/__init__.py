"""What is written from the declarations: the example file and pages of docs/."""

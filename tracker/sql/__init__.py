"""What the store needs of a database, and the engines that give it."""

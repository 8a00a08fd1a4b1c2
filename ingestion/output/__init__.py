"""What leaves the program: text for people, files for others."""

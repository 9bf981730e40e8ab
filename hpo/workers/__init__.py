"""Worker processes: what each does, who starts them, and who takes back what the dead held."""

"""What a fresh site shows, and the replay of a real event: texts, and pictures drawn on the spot."""

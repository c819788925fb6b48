"""The sample stories of a new site, and the replay of a real event; the pictures of both are drawn by code."""

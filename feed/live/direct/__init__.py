"""The transport that replaces Flask-SocketIO's stock driver, and gunicorn's worker for it."""

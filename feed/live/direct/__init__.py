"""The transport that takes the place of Flask-SocketIO's stock driver. Without this folder the stock driver serves."""

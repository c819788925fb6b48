"""The only package that knows Socket.IO: events, admission and presence. `direct/` replaces the stock driver."""

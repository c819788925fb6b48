"""The only package that knows Socket.IO: events, admission and presence. `direct/` replaces the stock driver."""

from feed.live import lean as lean  # before any module here imports Socket.IO

"""The only place that knows Socket.IO: the channel (events), and the tail that pushes what was committed."""

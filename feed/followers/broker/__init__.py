"""Redis or Valkey between one writer and any number of reader nodes: the writer's relay appends each envelope to the
stream of its feed, and nodes read the streams of the feeds that somebody follows there. The tables of the writer are
the truth; a stream is a window onto them. Nothing here is imported without FEED_BROKER."""

"""What follows the log: the tail, which pushes changes to readers, and the notifier of a WebSub hub."""

"""Makes what is sent out of what was read: the <li> of an update, the envelope of changes, the documents of a feed.
Nothing here asks the database, or knows a reader or a request."""

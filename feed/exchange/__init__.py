"""Files of other sites, read into one form: the JSON of our own export, WordPress Liveblog, RSS and Atom.

Nothing here knows the store or the network. What is read may come from anywhere, so everything is bounded, and nothing
in it is followed: neither entities of XML, nor paths that lead out of the folder, nor addresses of pictures.
"""

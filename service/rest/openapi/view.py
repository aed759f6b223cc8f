"""The document over HTTP: made when it is first asked for, kept gzipped, and sent again only if it has changed."""

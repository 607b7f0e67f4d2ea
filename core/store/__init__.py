"""MongoDB, real or embedded: connection, collections and their rules, blobs."""

"""JSON-RPC for every server here: messages, transports, parameters, log."""

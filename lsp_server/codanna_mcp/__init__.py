"""The MCP server: the same answers for agents. Only `server.py` and `http.py` import the protocol's SDK."""

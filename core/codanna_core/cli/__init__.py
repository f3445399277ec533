"""The command line: one file per subcommand, each imported only when it is the one asked for."""

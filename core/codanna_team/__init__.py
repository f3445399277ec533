"""A team's index: code that is not checked out, on an engine that the user named. Imported only then."""

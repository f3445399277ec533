"""The projects that are searched have files that look like tests; they are not ours to run."""

collect_ignore = ["projects"]

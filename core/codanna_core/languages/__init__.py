"""Languages as data: which language a file is in, and the symbols in it. README.md says how to add one.

Importing this loads no parser: `extract` is for helper processes, which alone import it.
"""

from codanna_core.languages.line_windows import windows
from codanna_core.languages.lines import to_utf8
from codanna_core.languages.registry import detect_language, languages

__all__ = ["detect_language", "languages", "to_utf8", "windows"]

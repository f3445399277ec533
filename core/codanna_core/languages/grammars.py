"""The grammars of tree-sitter, each loaded alone.

Importing the pack that they come in loads three more, and for one of these what reads the resources of
packages: a twentieth of the start of a process that parses.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from typing import cast

from tree_sitter import Language

_PACK = "tree_sitter_language_pack"


@cache
def grammar(name: str) -> Language:
    """A grammar of the pack by its name there."""
    module = f"{_PACK}.bindings.{name}"
    file = _file_of(name)
    spec = spec_from_file_location(module, file) if file is not None else None
    if spec is None or spec.loader is None:
        from tree_sitter_language_pack import get_language

        return cast(Language, get_language(name))
    binding = module_from_spec(spec)
    spec.loader.exec_module(binding)
    return Language(binding.language())


def _file_of(name: str) -> str | None:
    """The library of a grammar; None for those that the pack takes from other packages."""
    pack = find_spec(_PACK)
    for folder in (pack.submodule_search_locations or ()) if pack is not None else ():
        for suffix in EXTENSION_SUFFIXES:
            file = os.path.join(folder, "bindings", name + suffix)
            if os.path.exists(file):
                return file
    return None

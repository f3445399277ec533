"""One LSP method, or one tight family, in each module; every module registers itself by `setup`."""

from __future__ import annotations

from codanna_lsp.features import (
    call_hierarchy,
    cluster_info,
    cluster_map,
    code_action,
    code_lens,
    commands,
    configuration,
    context,
    definition,
    document_symbol,
    explain,
    file_operations,
    find_similar,
    hover,
    progress_cancel,
    references,
    relations,
    semantic_search,
    status,
    text_sync,
    watched_files,
    workspace_folders,
    workspace_symbol,
)
from codanna_lsp.registry import Registry


def register_all(registry: Registry) -> None:
    """Register every feature."""
    for feature in (
        text_sync,
        watched_files,
        file_operations,
        configuration,
        context,
        workspace_folders,
        progress_cancel,
        workspace_symbol,
        document_symbol,
        semantic_search,
        find_similar,
        relations,
        definition,
        references,
        call_hierarchy,
        hover,
        explain,
        cluster_info,
        cluster_map,
        status,
        code_action,
        code_lens,
        commands,
    ):
        feature.setup(registry)

"""Conditions in tantivy's terms."""

from __future__ import annotations

from collections.abc import Sequence

import tantivy

from codanna_core.errors import InvalidQuery
from codanna_core.text.impact import LEVELS
from codanna_core.text.schema import WORDS, code_analyzer
from codanna_core.text.stored import Filter

_UNION_LIMIT = 1000


class Queries:
    """Makes the queries of one snapshot."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._schema = schema
        self._analyzer = code_analyzer()
        self._of_paths: dict[tuple[str, ...], tantivy.Query] = {}
        """Those of the question that is being answered: each search of it would compile them again."""
        self._weighed: tuple[tuple[object, ...], tantivy.Query] = (), tantivy.Query.empty_query()
        """The last of them: the same words are also searched for in the best files."""

    def analyze(self, text: str) -> list[str]:
        """Words as the index knows them, each once, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(text)))

    def term(self, field: str, value: str) -> tantivy.Query:
        """Documents that hold a term."""
        return tantivy.Query.term_query(self._schema, field, value)

    def any_of(self, field: str, values: Sequence[str] | Sequence[int]) -> tantivy.Query:
        """Documents that hold one of these, whichever."""
        # A union of terms is some ten times faster than a set, which walks every segment's dictionary; only
        # for thousands of terms the set is better.
        if len(values) > _UNION_LIMIT:
            return tantivy.Query.term_set_query(self._schema, field, list(values))
        should, made, schema = tantivy.Occur.Should, tantivy.Query.term_query, self._schema
        union = [(should, made(schema, field, value)) for value in values]
        return tantivy.Query.boolean_query(union)

    def all_of(self, field: str, values: Sequence[str]) -> tantivy.Query:
        """Documents that hold all of these."""
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, _free(self.term(field, value))) for value in values]
        )

    def any_at_one(
        self, field: str, values: Sequence[str] | Sequence[int], only: Filter | None
    ) -> tantivy.Query:
        """The same among what passes a filter, each with the score 1."""
        return self.restricted(tantivy.Query.const_score_query(self.any_of(field, values), 1.0), only)

    def weighed(
        self, terms: Sequence[tuple[str, str]], weights: Sequence[float], only: Filter | None
    ) -> tantivy.Query:
        """Documents by the sum of the weights of what they hold."""
        asked = (*terms, *weights)
        kept = self._weighed  # Other threads may ask as well.
        if kept[0] != asked:
            should, made, schema = tantivy.Occur.Should, tantivy.Query.term_query, self._schema
            scored = tantivy.Query.const_score_query
            parts = [
                (should, scored(made(schema, *term), weight))
                for term, weight in zip(terms, weights, strict=True)
            ]
            self._weighed = kept = asked, tantivy.Query.boolean_query(parts)
        return self.restricted(kept[1], only)

    def alone(self, terms: Sequence[tuple[str, str]], number: int, only: Filter | None) -> tantivy.Query:
        """Documents that hold one of the terms and none of the others."""
        must, not_any = tantivy.Occur.Must, tantivy.Occur.MustNot
        query = tantivy.Query.boolean_query(
            [(must if place == number else not_any, self.term(*term)) for place, term in enumerate(terms)]
        )
        return self.restricted(query, only)

    def restricted(self, query: tantivy.Query | None, only: Filter | None) -> tantivy.Query:
        """What passes a filter, of a query or of all symbols."""
        must = tantivy.Occur.Must
        parts: list[tuple[tantivy.Occur, tantivy.Query]] = []
        if query is not None:
            parts.append((must, query))
        if only:
            for field, values in (("lang", only.languages), ("kind", only.kinds), ("owner", only.owners)):
                if values:
                    parts.append((must, _free(self.any_of(field, values))))
            if only.path_regexes:
                parts.append((must, self._any_path(only.path_regexes)))
            for words in only.container_words:
                terms = self.analyze(" ".join(words))
                parts.extend((must, _free(self.term("container", term))) for term in terms)
            for word in only.excluded_words:
                for term in self.analyze(word):
                    parts.extend((tantivy.Occur.MustNot, self.term(WORDS, term + level)) for level in LEVELS)
        if query is None:
            parts.append((must, tantivy.Query.exists_query("key")))
        if len(parts) == 1 and query is not None:
            return query
        return tantivy.Query.boolean_query(parts)

    def files_like(self, regex: str) -> tantivy.Query:
        """File documents whose whole path fits."""
        return _free(tantivy.Query.regex_query(self._schema, "file", regex))

    @staticmethod
    def every_file() -> tantivy.Query:
        """Documents that are no symbols."""
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, tantivy.Query.all_query()),
                (tantivy.Occur.MustNot, tantivy.Query.exists_query("key")),
            ]
        )

    def _any_path(self, regexes: tuple[str, ...]) -> tantivy.Query:
        if (known := self._of_paths.get(regexes)) is not None:
            return known
        try:
            queries = [tantivy.Query.regex_query(self._schema, "owner", regex) for regex in regexes]
        except ValueError as error:
            raise InvalidQuery(f"a path filter cannot be understood ({error})") from error
        made = _free(tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries]))
        self._of_paths = {regexes: made}
        return made


def _free(query: tantivy.Query) -> tantivy.Query:
    """A condition that adds nothing to the score."""
    return tantivy.Query.const_score_query(query, 0.0)

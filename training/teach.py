"""Writes down what a teacher finds near: `teach.py MINED_FOLDER QUESTIONS.txt COSQA_FOLDER TEACHER OUTPUT`.

MINED_FOLDER is what `mine.py` wrote. QUESTIONS.txt has one short question a line, as people type them into
web search engines. Of COSQA_FOLDER the functions are read, less those that answer a question of the
development or the test split, and none of its questions. TEACHER is a folder with all-MiniLM-L6-v2 as
`model.onnx` and `tokenizer.json`. OUTPUT is read by `refine.py`.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.embed.text import embedding_text, words
from codanna_core.languages.extract import extract
from dataset import split_doc
from export import PACKAGE

OF_A_PACKAGE = 110
QUESTION_TOKENS, CODE_TOKENS = 32, 64
_LANGUAGE = re.compile(r"\b(python|java|c#|c sharp|csharp)(?!\w)", re.IGNORECASE)

Vectors = NDArray[np.float16]


@dataclass
class Taught:
    """Token ids beside the teacher's vectors."""

    questions: list[NDArray[np.int64]]
    question_vectors: Vectors
    sentences: list[NDArray[np.int64]]
    """The first sentences of documented definitions, as many as `definitions`."""
    sentence_vectors: Vectors
    definitions: list[list[NDArray[np.int64]]]
    """Six parts each."""
    definition_vectors: Vectors
    packages: NDArray[np.int64]
    functions: list[list[NDArray[np.int64]]]
    function_vectors: Vectors


class Teacher:
    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()

    def vectors(self, texts: list[str], tokens: int) -> Vectors:
        self._tokenizer.enable_truncation(tokens)
        ids = [one.ids for one in self._tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
        vectors = np.zeros((len(ids), 384), np.float16)
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            padded = np.zeros((len(chosen), len(ids[chosen[-1]])), np.int64)
            for row, number in enumerate(chosen):
                padded[row, : len(ids[number])] = ids[number]
            mask = (np.arange(padded.shape[1]) < [[len(ids[number])] for number in chosen]).astype(np.int64)
            given = {"input_ids": padded, "attention_mask": mask, "token_type_ids": np.zeros_like(padded)}
            states = self._session.run(None, given)[0]
            sums = (states * mask[:, :, None]).sum(axis=1)
            vectors[chosen] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return vectors


def mined(folder: Path, random: np.random.Generator) -> list[tuple[int, str, str]]:
    """Package, first sentence and embedding text of documented definitions, some of each package."""
    found = []
    for package, file in enumerate(sorted(folder.glob("*.pickle"))):
        documented = []
        for path, _, _, records in pickle.loads(file.read_bytes()):
            for kind, container, name, signature, doc, body in records:
                sentence = " ".join(words(split_doc(doc)[0])[:24])
                if kind != "text" and len(sentence.split()) >= 3:
                    text = embedding_text(path, container, name, kind, signature, doc, body)
                    documented.append((package, sentence, text))
        chosen = random.permutation(len(documented))[:OF_A_PACKAGE]
        found += [documented[number] for number in chosen]
    return found


def functions(folder: Path) -> list[str]:
    """The embedding texts of CoSQA's functions that answer no development or test question."""
    left_out = {
        item["retrieval_idx"]
        for split in ("dev", "test")
        for item in json.loads((folder / f"cosqa-retrieval-{split}-500.json").read_text())
    }
    texts = []
    for code, number in json.loads((folder / "code_idx_map.txt").read_text()).items():
        found = extract(code.encode(), "f.py").symbols if number not in left_out else []
        for one in found[:1]:
            body = code.partition(one.name)[2]
            texts.append(embedding_text("", "", one.name, one.kind, one.signature, one.doc, body))
    return texts


def readable(text: str) -> str:
    """A definition as the teacher reads it: what it is called and says before what it does."""
    _, container, name, parameters, doc, body = text.split("\n")
    return f"{container} {name} ( {parameters[:60]} ) {doc[:300]} {body[:200]}"


def main() -> None:
    mined_folder, questions_file, cosqa, teacher_folder, output = map(Path, sys.argv[1:6])
    tokenizer = StaticEmbedder(PACKAGE)._tokenizer
    teacher = Teacher(teacher_folder)
    asked = {" ".join(_LANGUAGE.sub(" ", line).split()) for line in questions_file.read_text().splitlines()}
    questions = sorted(line for line in asked if 2 <= len(line.split()) <= 16)
    definitions = mined(mined_folder, np.random.default_rng(3))
    code = functions(cosqa)

    def parts(text: str) -> list[NDArray[np.int64]]:
        return [np.asarray(tokenizer.ids(part), np.int64) for part in text.split("\n")]

    sentences = [sentence for _, sentence, _ in definitions]
    texts = [text for _, _, text in definitions]
    taught = Taught(
        [np.asarray(tokenizer.ids(one), np.int64) for one in questions],
        teacher.vectors(questions, QUESTION_TOKENS),
        [np.asarray(tokenizer.ids(one), np.int64) for one in sentences],
        teacher.vectors(sentences, QUESTION_TOKENS),
        [parts(text) for text in texts],
        teacher.vectors([readable(text) for text in texts], CODE_TOKENS),
        np.array([package for package, _, _ in definitions]),
        [parts(text) for text in code],
        teacher.vectors([readable(text) for text in code], CODE_TOKENS),
    )
    output.write_bytes(pickle.dumps(taught))
    print(f"{len(questions)} questions, {len(texts)} definitions, {len(code)} functions")


if __name__ == "__main__":
    main()

"""Loads exported files the way trainers do, and says what is wrong.

Usage: load-files.py CACHE_FOLDER < JSON list of {"kind", "target", "path"}
Prints a JSON list of problems. Every file must load by `datasets` with one schema; those of TRL must pass TRL's own
functions of data preparation: is_conversational, unpair_preference_dataset, apply_chat_template.
"""

import json
import sys

from datasets import load_dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast
from trl.data_utils import apply_chat_template, is_conversational, unpair_preference_dataset

TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def tokenizer():
    words = Tokenizer(WordLevel({"<unk>": 0}, unk_token="<unk>"))
    made = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>")
    made.chat_template = TEMPLATE
    return made


def problems_of_trl(kind, rows, made):
    found = []
    for at, row in enumerate(rows):
        if not is_conversational(row):
            found.append(f"row {at} is not conversational")
        text = apply_chat_template(row, made)
        wanted = {"sft": {"text"}, "preference": {"prompt", "chosen", "rejected"}, "kto": {"prompt", "completion", "label"}}
        if not wanted[kind] <= set(text):
            found.append(f"row {at} has {sorted(text)} after the template")
        if kind == "kto" and not isinstance(row["label"], bool):
            found.append(f"row {at} has a label that is no bool")
    if kind == "preference" and len(unpair_preference_dataset(rows)) != 2 * len(rows):
        found.append("unpairing does not give two rows for each")
    return found


def main():
    cache = sys.argv[1]
    made = tokenizer()
    problems = []
    for file in json.load(sys.stdin):
        kind, target, path = file["kind"], file["target"], file["path"]
        try:
            rows = load_dataset("json", data_files=path, split="train", cache_dir=cache)
            with open(path, encoding="utf-8") as lines:
                expected = [json.loads(line) for line in lines]
            found = [] if len(rows) == len(expected) else [f"{len(rows)} rows of {len(expected)}"]
            if rows.to_list() != expected:
                found.append("rows are not what the file says: keys or types differ from row to row")
            if target == "trl" and kind != "rag":
                found += problems_of_trl(kind, rows, made)
        except Exception as error:  # whatever a loader throws is a file that does not load
            found = [f"{type(error).__name__}: {error}"]
        problems += [f"{target} {kind}: {problem}" for problem in found]
    print(json.dumps(problems))


main()

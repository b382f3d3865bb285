"""Reads exported files with the code by which axolotl and LLaMA-Factory read theirs, and says what is wrong.

Usage: load-trainers.py < JSON list of {"kind", "target", "path"}
Prints a JSON list of problems. axolotl: the strategies `chat_template` (SFT, DPO) and `argilla_chat` (KTO). LLaMA-Factory:
`dataset_info.json` as its parser reads it, and its converter over each row. No PyTorch is needed: modules that want it to
train, and of which reading files takes constants alone, are replaced.
"""

import importlib.util
import json
import os
import sys
import types


def replace(name, path=None, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    if path is not None:
        module.__path__ = [path]
    sys.modules[name] = module


class Named(types.ModuleType):
    """Any attribute is its name: types of numbers, in lists of them."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return name


def prepare():
    import datasets  # noqa: F401  looks for PyTorch itself, and must not find what replaces it
    import transformers
    from transformers import PreTrainedTokenizerFast, ProcessorMixin  # noqa: F401

    transformers.logging.set_verbosity_error()
    if importlib.util.find_spec("torch") is None:
        sys.modules["torch"] = Named("torch")
    replace("axolotl.utils.distributed", is_main_process=lambda: True)
    llamafactory = importlib.util.find_spec("llamafactory").submodule_search_locations[0]
    for name in ["data", "extras"]:
        replace(f"llamafactory.{name}", os.path.join(llamafactory, name))
    replace("llamafactory.extras.constants", DATA_CONFIG="dataset_info.json", RUNNING_LOG="running_log.txt")
    replace("llamafactory.extras.misc", use_modelscope=lambda: False, use_openmind=lambda: False)


def byte_tokenizer():
    """Each byte is a token, so that what was tokenized can be read back."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(BPE({letter: at for at, letter in enumerate(alphabet)}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|im_end|>", pad_token="<|pad|>")


class Axolotl:
    def __init__(self):
        from axolotl.prompt_strategies.chat_template import load as load_sft
        from axolotl.prompt_strategies.dpo import load as load_dpo
        from axolotl.prompt_strategies.kto import load as load_kto
        from axolotl.utils.dict import DictDefault

        self.tokenizer = byte_tokenizer()
        cfg = DictDefault({"chat_template": "chatml", "sequence_len": 1_000_000, "datasets": [{"type": "chat_template"}]})
        self.sft_of = load_sft(self.tokenizer, cfg, {})
        self.dpo_of, _ = load_dpo("chat_template.default", cfg, dataset_idx=0)
        self.kto_of = [load_kto(f"{model}.argilla_chat", cfg, dataset_idx=0) for model in ["chatml", "llama3"]]

    def sft(self, row):
        read = self.sft_of.tokenize_prompt(dict(row))
        taught = self.tokenizer.decode([label for label in read["labels"] if label != -100])
        seen = self.tokenizer.decode(read["input_ids"])
        answers = [each["content"] for each in row["messages"] if each["role"] == "assistant"]
        if taught.replace("<|im_end|>", "").strip() != "".join(answers).strip():
            return f"it would teach {taught!r}"
        return None if all(each["content"].strip() in seen for each in row["messages"]) else "a message is lost"

    def preference(self, row):
        read = self.dpo_of(dict(row), self.tokenizer)
        for side in ["chosen", "rejected"]:
            if not read[side].startswith(row[side]["content"].strip()):
                return f"{side} would be {read[side]!r}"
        return None if all(each["content"].strip() in read["prompt"] for each in row["messages"]) else "a message is lost"

    def kto(self, row):
        for kto_of in self.kto_of:
            read = kto_of(dict(row))
            if not read["completion"].startswith(row["completion"][-1]["content"]) or not isinstance(read["label"], bool):
                return f"the completion would be {read['completion']!r}, labelled {read['label']!r}"
            if not all(each["content"].strip() in read["prompt"] for each in row["completion"][:-1]):
                return "a message is lost"
        return None


class LlamaFactory:
    """A row that is not taken is given back as an empty one, and left out of the training with a warning."""

    def __init__(self, kind, path):
        from llamafactory.data.converter import get_dataset_converter
        from llamafactory.data.parser import get_dataset_list

        [attributes] = get_dataset_list([f"lakehouse_{kind}"], os.path.dirname(path))
        self.convert = get_dataset_converter(attributes.formatting, attributes, types.SimpleNamespace(media_dir=""))

    def problem_of(self, row):
        read = self.convert(row)
        said = [read["_system"], *(each["content"] for each in read["_prompt"] + read["_response"])]
        turns = row.get("messages") or row["conversations"]
        texts = [each.get("content", each.get("value")) for each in turns]
        texts += [row[side]["value"] for side in ["chosen", "rejected"] if side in row]
        if not read["_prompt"] or not read["_response"]:
            return "it would be skipped"
        return None if sorted(filter(None, said)) == sorted(texts) else f"it would be read as {said}"


def readers(target, kind, path):
    if target == "axolotl":
        return getattr(Axolotl(), kind)
    return LlamaFactory(kind, path).problem_of


def main():
    prepare()
    problems = []
    for file in json.load(sys.stdin):
        kind, target, path = file["kind"], file["target"], file["path"]
        try:
            problem_of = readers(target, kind, path)
            with open(path, encoding="utf-8") as lines:
                found = [(at, problem_of(json.loads(line))) for at, line in enumerate(lines)]
        except Exception as error:  # whatever a trainer throws is a file that it does not take
            found = [(None, f"{type(error).__name__}: {error}")]
        problems += [f"{target} {kind}, row {at}: {problem}" for at, problem in found if problem is not None]
    print(json.dumps(problems))


main()

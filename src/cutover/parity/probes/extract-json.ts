// The JSON object in what a model wrote. The seeds are twelve forms in which models write one, which once came out 12 of 12; what
// is generated puts an object into prose, fences and thoughts, and damages it as models do.

import type { Random } from "#lib/random";
import { askBoth, jsonRequest } from "../http-probe.ts";
import { json, order } from "../inputs.ts";
import type { HttpCase, Probe, ProbeContext } from "../probe.ts";

const SEEDS: readonly (readonly [label: string, text: string])[] = [
  ["nothing but an object", '{"ok":true}'],
  ["a fence with its language", 'Here it is:\n```json\n{"a": 1}\n```\nDone.'],
  ["a fence without one", '```\n{"a": [1, 2]}\n```'],
  ["prose around it", 'The answer is {"a": {"b": 2}} as asked.'],
  ["braces in a string", '{"a": "x } y { z", "b": 1}'],
  ["escaped quotation marks", '{"a": "she said \\"go\\""}'],
  ["two objects", '{"first": 1} and {"second": 2}'],
  ["a thought before it", '<think>{"no": 1}</think>{"yes": 2}'],
  ["a comma too many", '{"a": 1, "b": [1, 2,],}'],
  ["cut off", '{"a": 1, "b": {"c": [1, 2'],
  ["an array alone", "[1, 2, 3]"],
  ["no JSON at all", "I cannot help with that."],
];

export const extractJson: Probe = {
  name: "extract_json",
  summary: "The object found in what a model wrote",
  writes: false,
  run: (context) => askBoth(cases(context), context),
};

function* cases({ dialect, random, count }: ProbeContext): Generator<HttpCase> {
  const target = dialect === "go" ? "/v1/validate/extract" : "/validate/extract";
  const endpoint = `POST ${target}`;
  for (const [seed, text] of SEEDS) yield { endpoint, seed, request: jsonRequest(target, { text }) };
  for (let at = 0; at < count; at += 1) {
    yield { endpoint, request: jsonRequest(target, { text: written(random) }) };
  }
}

/** An object as a model might write it. */
function written(random: Random): string {
  const object = { [random.pick(["ok", "fills", "日", "a b"])]: json(random), n: random.below(9) };
  const plain = JSON.stringify(object, null, random.pick([0, 2]));
  const damaged = random.pick([
    () => plain,
    () => plain,
    () => plain.slice(0, random.below(plain.length + 1)),
    () => plain.replaceAll('"', "'"),
    () => plain.replace("}", ",}"),
    () => plain.replaceAll(/"(\w+)":/g, "$1:"),
    () => `${plain} // ${order(random)}`,
  ])();
  return random.pick([
    () => damaged,
    () => `${order(random)}\n${damaged}\n${order(random)}`,
    () => `\`\`\`json\n${damaged}\n\`\`\``,
    () => `<think>${JSON.stringify({ wrong: 1 })}</think>\n${damaged}`,
    () => `${damaged}\n${JSON.stringify(json(random))}`,
  ])();
}

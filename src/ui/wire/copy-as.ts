// One request as a person would give it to a program: curl, TypeScript, the command line.

import { type Sent, written } from "./requests.ts";

export function asCurl({ operation, input }: Sent, base: string, keyed: boolean): string {
  const { path, query, body } = written(operation, input);
  return [
    "curl",
    ...(operation.method === "GET" ? [] : [`-X ${operation.method}`]),
    ...(keyed ? [`-H "Authorization: Bearer $LAKEHOUSE_KEY"`] : []),
    ...(operation.body === "file" ? [`--data-binary ${quoted(`@${fileOf(input)}`)}`] : []),
    ...(body === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
    quoted(base + path + query),
  ].join(" ");
}

export function asTypeScript({ operation, input }: Sent, base: string, keyed: boolean): string {
  const { path, query, body } = written(operation, input);
  const headers = [
    ...(body === undefined ? [] : [`"content-type": "application/json"`]),
    ...(keyed ? ["authorization: `Bearer ${key}`"] : []),
  ];
  const init = [
    ...(operation.method === "GET" ? [] : [`  method: ${JSON.stringify(operation.method)},`]),
    ...(headers.length === 0 ? [] : [`  headers: { ${headers.join(", ")} },`]),
    ...(operation.body === "file" ? ["  body: file,"] : []),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${JSON.stringify(body)}),`]),
  ];
  const url = JSON.stringify(base + path + query);
  const call = init.length === 0 ? `fetch(${url})` : `fetch(${url}, {\n${init.join("\n")}\n})`;
  return `const reply = await ${call};\nconst data = await reply.json();`;
}

/** The file that a request sent, by the name that it had. */
function fileOf(input: Sent["input"]): string {
  return String(input["source"] ?? "FILE");
}

/** Undefined where there is no command for it. */
export function asCli({ operation, input }: Sent): string | undefined {
  if (operation.cli === undefined) return undefined;
  const words: string[] = [];
  const template = typeof operation.cli === "string" ? operation.cli : operation.cli(input);
  for (const word of template.split(" ")) {
    const [, name, many] = /^\{(.+?)(\.{3}|,)?\}$/.exec(word) ?? [];
    if (name === undefined) {
      words.push(word);
      continue;
    }
    const value = input[name.replace(/^--/, "")];
    if (name.startsWith("--")) words.push(...(value === true ? [name.replaceAll("_", "-")] : []));
    // A flag without its value is no flag.
    else if (isLeftOut(value)) {
      if (words.at(-1)?.startsWith("-") === true) words.pop();
    } else if (many === ",") words.push(quoted([value].flat().map(String).join(",")));
    else if (many !== undefined) words.push(...repeated(words.pop() ?? "", value));
    else words.push(...valuesOf(value));
  }
  return ["lakehouse", ...words].join(" ");
}

function isLeftOut(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** `-p a -p b` of a list, `--at workers=v1` of an object. */
function repeated(flag: string, value: unknown): string[] {
  const texts = Array.isArray(value)
    ? value.map(String)
    : Object.entries(value as Record<string, unknown>).map(([name, one]) => `${name}=${String(one)}`);
  return texts.flatMap((text) => [flag, quoted(text)]);
}

function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map((one) => quoted(String(one)));
  return [quoted(typeof value === "object" ? JSON.stringify(value) : String(value))];
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

// One request as a person would give it to a program: curl, TypeScript, the command line.

import { type Sent, written } from "./requests.ts";

export function asCurl({ operation, input }: Sent, base: string, keyed: boolean): string {
  const { path, query, body } = written(operation, input);
  return [
    "curl",
    ...(operation.method === "GET" ? [] : [`-X ${operation.method}`]),
    ...(keyed ? [`-H "Authorization: Bearer $LAKEHOUSE_KEY"`] : []),
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
    ...(body === undefined ? [] : [`  body: JSON.stringify(${JSON.stringify(body)}),`]),
  ];
  const url = JSON.stringify(base + path + query);
  const call = init.length === 0 ? `fetch(${url})` : `fetch(${url}, {\n${init.join("\n")}\n})`;
  return `const reply = await ${call};\nconst data = await reply.json();`;
}

/** Undefined where there is no command for it. */
export function asCli({ operation, input }: Sent): string | undefined {
  if (operation.cli === undefined) return undefined;
  const words: string[] = [];
  for (const word of operation.cli.split(" ")) {
    const name = /^\{(.+)\}$/.exec(word)?.[1];
    if (name === undefined) words.push(word);
    else if (name.startsWith("--")) words.push(...(input[name.slice(2)] === true ? [name] : []));
    else if (input[name] !== undefined) words.push(...valuesOf(input[name]));
    // A flag without its value is no flag.
    else if (words.at(-1)?.startsWith("--") === true) words.pop();
  }
  return ["lakehouse", ...words].join(" ");
}

function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map((one) => quoted(String(one)));
  return [quoted(typeof value === "object" ? JSON.stringify(value) : String(value))];
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

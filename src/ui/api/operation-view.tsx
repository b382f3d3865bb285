// One operation: what it does, what it takes, what it gives, and a form to try it with its example.

import { type ReactNode, useState } from "react";
import { CopyButton } from "../parts/copy-button.tsx";
import { Notice, Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import { msText } from "../parts/words.ts";
import { hasKey } from "../wire/access-key.ts";
import { type Tried, tryRequest } from "../wire/try-request.ts";
import { useWork } from "../wire/use-work.ts";
import { Method } from "./method.tsx";
import type { ApiOperation, ApiReply } from "./description.ts";
import { type Field, fieldsOf, typeText } from "./fields.ts";
import { exampleOf, fieldsIn, type Trial, trialAsCurl, trialAsTypeScript, trialOf } from "./trial.ts";

export function OperationView({ operation }: { readonly operation: ApiOperation }): ReactNode {
  const { id, method, path, summary, description, scope, parameters, body, replies } = operation;
  const given: readonly Field[] = [
    ...parameters.map(({ name, in: place, required, schema }) => ({
      path: name,
      depth: 0,
      type: typeText(schema),
      required,
      limits: `in the ${place}`,
      says: typeof schema["description"] === "string" ? schema["description"] : "",
    })),
    ...(body === undefined ? [] : fieldsOf(body.schema)),
  ];
  const good = replies.filter(({ status }) => Number(status) < 400);
  const bad = replies.filter(({ status }) => Number(status) >= 400);
  return (
    <article className="operation" aria-labelledby="operation">
      <section className="card">
        <h2 id="operation">{summary}</h2>
        <p className="row">
          <Method method={method} /> <code className="op-path">{path}</code>
          <span className="muted">
            {id} · {scope === "read" ? "any key" : `a key with the scope ${scope}`}
          </span>
        </p>
        {description !== "" && <p>{description}</p>}
      </section>
      <Trying operation={operation} />
      <section className="card" aria-labelledby="takes">
        <h3 id="takes">Takes</h3>
        {given.length === 0 ? (
          <p className="muted">{body === undefined ? "Nothing." : `A body of bytes (${body.type}).`}</p>
        ) : (
          <Fields fields={given} label="What it takes" note={({ required }) => (required ? "needed" : "")} />
        )}
        {body !== undefined && given.length > 0 && body.type !== "application/json" && (
          <p className="muted">And a body of bytes ({body.type}).</p>
        )}
      </section>
      <section className="card" aria-labelledby="gives">
        <h3 id="gives">Gives</h3>
        {good.map((reply) => (
          <Reply key={reply.status} reply={reply} />
        ))}
        <p className="muted">
          Or a failure:{" "}
          {bad.map(({ status, says }) => `${status} ${says === "" ? "" : `(${says})`}`.trim()).join(", ")}
        </p>
      </section>
    </article>
  );
}

function Reply({ reply: { status, says, types, schema } }: { readonly reply: ApiReply }): ReactNode {
  const fields = schema === undefined ? [] : fieldsOf(schema);
  return (
    <>
      <p>
        <b>{status}</b> {says} {types.length > 0 && <code>{types.join(", ")}</code>}
      </p>
      {fields.length > 0 && (
        <Fields
          fields={fields}
          label={`What ${status} gives`}
          note={({ required }) => (required ? "" : "where there is one")}
        />
      )}
    </>
  );
}

function Fields({
  fields,
  label,
  note,
}: {
  readonly fields: readonly Field[];
  readonly label: string;
  /** Beside the field's name. */
  readonly note: (field: Field) => string;
}): ReactNode {
  return (
    <div className="fields-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="fields">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Is</th>
            <th scope="col">Means</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => {
            const { path, depth, type, limits, says } = field;
            const noted = note(field);
            return (
              <tr key={`${path} ${limits}`}>
                <td className={`depth-${Math.min(4, depth)}`}>
                  <code>{path}</code>
                  {noted === "needed" ? (
                    <span className="pill">{noted}</span>
                  ) : (
                    noted !== "" && <span className="muted"> {noted}</span>
                  )}
                </td>
                <td>
                  {type}
                  {limits !== "" && <span className="muted"> {limits}</span>}
                </td>
                <td>{says}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

type Form = "curl" | "TypeScript";

function Trying({ operation }: { readonly operation: ApiOperation }): ReactNode {
  const { id, method, scope, body } = operation;
  const example = exampleOf(operation);
  const usual = Object.keys(example).length === 0 ? "" : JSON.stringify(example, undefined, 2);
  const [draft, setDraft] = useDraft(`api.${id}`);
  const [tried, setTried] = useState<Tried>();
  const [wrong, setWrong] = useState("");
  const [form, setForm] = useState<Form>("curl");
  const { busy, fault, run, cancel } = useWork();
  const text = draft === "" ? usual : draft;
  const fields = fieldsIn(text);
  const trial = typeof fields === "string" ? fields : trialFrom(operation, fields);
  const bytes = body !== undefined && body.type !== "application/json";
  const send = (): void => {
    if (typeof trial === "string") {
      setWrong(trial);
      return;
    }
    setWrong("");
    setTried(undefined);
    const { path, query, headers } = trial;
    run((signal) => tryRequest(path + query, { method, headers, body: trial.body, signal }, setTried));
  };
  const copied =
    typeof trial === "string"
      ? trial
      : form === "curl"
        ? trialAsCurl(trial, location.origin, hasKey())
        : trialAsTypeScript(operation, typeof fields === "string" ? {} : fields, location.origin);
  return (
    <section className="card trying" aria-labelledby="try">
      <h3 id="try">Try it</h3>
      <label>
        Fields, as one JSON object{" "}
        <span className="muted">(those of path, query and headers among those of the body)</span>
        <textarea
          className="mono"
          rows={Math.min(16, Math.max(3, text.split("\n").length + 1))}
          spellCheck={false}
          value={text}
          placeholder="{ }"
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            send();
          }}
        />
      </label>
      {bytes && (
        <p className="muted">
          Its body is a file, which this form does not send. Use curl with <code>--data-binary @FILE</code>,
          or the screen of the datasets.
        </p>
      )}
      <div className="row">
        {busy ? (
          <button type="button" onClick={cancel}>
            Stop
          </button>
        ) : (
          <button type="button" className="primary" disabled={bytes} onClick={send}>
            {scope === "read" ? "Send it" : "Send it: this changes the house"} <kbd>Ctrl ⏎</kbd>
          </button>
        )}
        {draft !== "" && draft !== usual && (
          <button type="button" className="quiet" onClick={() => setDraft("")}>
            The example again
          </button>
        )}
      </div>
      {wrong !== "" && typeof trial === "string" && <Notice tone="bad">{trial}</Notice>}
      {fault !== undefined && <Problem fault={fault} again={send} />}
      {tried !== undefined && <Outcome tried={tried} busy={busy} />}
      <details>
        <summary>The same as a program</summary>
        <div className="form">
          <div className="row" role="group" aria-label="Form">
            {(["curl", "TypeScript"] as const).map((name) => (
              <button key={name} type="button" aria-pressed={name === form} onClick={() => setForm(name)}>
                {name}
              </button>
            ))}
            <CopyButton text={copied} label="Copy" />
          </div>
          <pre className="code" tabIndex={0}>
            {copied}
          </pre>
        </div>
      </details>
    </section>
  );
}

function trialFrom(operation: ApiOperation, fields: Readonly<Record<string, unknown>>): Trial | string {
  try {
    return trialOf(operation, fields);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function Outcome({ tried, busy }: { readonly tried: Tried; readonly busy: boolean }): ReactNode {
  const { status, tookMs, type, requestId, text, cutOff } = tried;
  return (
    <div className="form" role="status">
      <p className="row">
        <span className={`pill ${status < 400 ? "good" : "bad"}`}>{status}</span>
        <span className="muted">
          {msText(tookMs)} {type} {busy && "· still coming"}
        </span>
        {requestId !== undefined && (
          <span className="muted">
            Request <code>{requestId}</code>
          </span>
        )}
        <CopyButton text={text} label="Copy" />
      </p>
      <pre className="code outcome" tabIndex={0} aria-label="The reply" role="region">
        {readable(text, type)}
        {cutOff && "\n… there is more; a program reads the rest"}
      </pre>
    </div>
  );
}

function readable(text: string, type: string): string {
  if (text === "") return "no body";
  if (!type.includes("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

// Every operation of the house on one page: a list to look through, and the one that is open with its fields, its replies and a
// form to try it.

import { Fragment, type ReactNode, useEffect, useMemo, useRef } from "react";
import { LoadedView } from "../parts/loaded-view.tsx";
import { counted } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { go, sectionPath, setParams, useParams } from "../shell/router.ts";
import type { SectionProps } from "../shell/sections.ts";
import { SERVICE_WORK } from "../system/services.ts";
import { apiDescription } from "../wire/house.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { type ApiDescription, type ApiOperation, describedIn, operationsWith } from "./description.ts";
import { Method } from "./method.tsx";
import { OperationView } from "./operation-view.tsx";

export function ApiPage({ item }: SectionProps): ReactNode {
  const loaded = useLoaded("the description of the API", async () => describedIn(await apiDescription()));
  return (
    <div className="section-page">
      <LoadedView loaded={loaded} what="the operations" rows={12}>
        {(description) => <Api description={description} item={item} />}
      </LoadedView>
    </div>
  );
}

function Api({
  description,
  item,
}: {
  readonly description: ApiDescription;
  readonly item: string | undefined;
}): ReactNode {
  const find = useParams().get("find") ?? "";
  const field = useRef<HTMLInputElement>(null);
  const found = useMemo(() => operationsWith(description.operations, find), [description, find]);
  const open = description.operations.find(({ id }) => id === item);
  useEffect(() => {
    document.title = open === undefined ? "API · Lakehouse" : `${open.id} · API · Lakehouse`;
  }, [open]);
  const step = (by: number): void => {
    const at = found.findIndex(({ id }) => id === item);
    const next = found[Math.max(0, Math.min(found.length - 1, at + by))];
    if (next !== undefined) go(pathOf(next.id, find));
  };
  useEffect(() => {
    // Within the list alone: the page stays where it is.
    const list = document.querySelector(".api-scroll");
    const current = list?.querySelector("[aria-current]");
    if (list === null || current === null || current === undefined) return;
    const [inside, around] = [current.getBoundingClientRect(), list.getBoundingClientRect()];
    if (inside.top < around.top) list.scrollTop -= around.top - inside.top;
    if (inside.bottom > around.bottom) list.scrollTop += inside.bottom - around.bottom;
  }, [item]);
  useCommands([
    { name: "Find an operation", keys: "/", run: () => field.current?.focus() },
    { name: "Next operation", keys: "j", run: () => step(1) },
    { name: "Operation before", keys: "k", run: () => step(-1) },
    { name: "All operations", run: () => go(sectionPath("api")) },
  ]);
  return (
    <>
      <header className="section-head">
        <h1>
          API{" "}
          <span className="muted">
            {counted(description.operations.length, "operation")} · version {description.version}
          </span>
        </h1>
        <div className="row">
          <a className="button" href="/openapi.json" target="_blank" rel="noreferrer">
            openapi.json
          </a>
          <a className="button" href="/docs" target="_blank" rel="noreferrer">
            Plain page
          </a>
        </div>
      </header>
      <div className="api">
        <nav className="api-list" aria-label="Operations">
          <input
            ref={field}
            type="search"
            aria-label="Find an operation"
            placeholder="journal, POST, worker"
            value={find}
            onChange={(event) => setParams({ find: event.target.value })}
          />
          <p className="muted" role="status">
            {found.length === description.operations.length ? "all" : `${found.length} found`} · <kbd>J</kbd>{" "}
            <kbd>K</kbd> go through them
          </p>
          <Operations operations={found} find={find} open={open?.id} />
        </nav>
        {open === undefined ? (
          <Overview description={description} missing={item} />
        ) : (
          <OperationView key={open.id} operation={open} />
        )}
      </div>
    </>
  );
}

function pathOf(id: string, find: string): string {
  return sectionPath("api", id, { find });
}

function Operations({
  operations,
  find,
  open,
}: {
  readonly operations: readonly ApiOperation[];
  readonly find: string;
  readonly open: string | undefined;
}): ReactNode {
  const services = [...new Set(operations.map(({ service }) => service))];
  if (operations.length === 0) return <p className="muted">No operation has those words.</p>;
  return (
    <div className="api-scroll" tabIndex={0} role="region" aria-label="List of operations">
      {services.map((service) => (
        <section key={service} aria-label={service}>
          <h2>
            {service} <span className="muted">{SERVICE_WORK[service] ?? ""}</span>
          </h2>
          <ul>
            {operations
              .filter((operation) => operation.service === service)
              .map(({ id, method, path, summary }) => (
                <li key={id}>
                  <a href={pathOf(id, find)} aria-current={id === open ? "page" : undefined} title={summary}>
                    <Method method={method} /> <span>{breakable(path)}</span>
                  </a>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** A path that does not fit goes on after a slash, not in the middle of a word. */
function breakable(path: string): ReactNode {
  const parts = path.split(/(?<=.)(?=\/)/);
  return parts.map((part, at) => (
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

function Overview({
  description,
  missing,
}: {
  readonly description: ApiDescription;
  readonly missing: string | undefined;
}): ReactNode {
  return (
    <section className="card api-overview" aria-labelledby="overview">
      <h2 id="overview">{missing === undefined ? description.title : `There is no operation ${missing}`}</h2>
      <p>{description.says}</p>
      <p>
        Choose an operation to see its fields and to try it. Bodies are JSON, fields in snake_case, times RFC
        3339 in UTC. Lists come in pages: <code>limit</code> and <code>cursor</code>; the reply has{" "}
        <code>next_cursor</code> while there is more. A house with keys wants one in each request:
      </p>
      <pre className="code" tabIndex={0}>
        {`curl -H 'Authorization: Bearer KEY' ${location.origin}/v1/health`}
      </pre>
      <p>A failure has one shape, and its code says whether the same request may be sent again:</p>
      <pre className="code" tabIndex={0}>
        {`{"error":{"code":"invalid","message":"k: must be at most 1000","origin":"matrixd",
          "request_id":"…","details":[{"path":"k","message":"must be at most 1000"}]}}`}
      </pre>
      <p className="muted">
        May be sent again: rate_limited, upstream, unavailable, timeout. The typed client has every operation
        under its service: <code>npm run client</code>
      </p>
    </section>
  );
}

// The older systems that calls go to.

import { type ReactNode, useState } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { Empty, Problem } from "../parts/notice.tsx";
import { cutover, type Upstream } from "../wire/house.ts";
import { useWork } from "../wire/use-work.ts";

export function Upstreams({
  upstreams,
  onChanged,
}: {
  readonly upstreams: readonly Upstream[];
  readonly onChanged: () => void;
}): ReactNode {
  const [adding, setAdding] = useState(false);
  const removing = useWork();
  const add = (
    <button type="button" onClick={() => setAdding(true)}>
      Name an older system
    </button>
  );
  return (
    <>
      {upstreams.length === 0 ? (
        <Empty title="No older system is named">
          <p>
            Callers of an older Go or Rust system move here route by route. Name where it is, and its routes
            pass through to it at once. In a terminal:
          </p>
          <pre className="code" tabIndex={0}>
            lakehouse cutover upstream add go http://127.0.0.1:4110 --dialect go
          </pre>
          {add}
        </Empty>
      ) : (
        <section className="card" aria-label="Older systems">
          <div className="row">
            {upstreams.map(({ name, dialect, url, key_file }) => (
              <span key={name} className="upstream">
                <b>{name}</b> <span className="muted">{dialect}</span> <code>{url}</code>
                {key_file !== undefined && <span className="muted"> with a key of its own</span>}
                <button
                  type="button"
                  className="link"
                  disabled={removing.busy}
                  onClick={() =>
                    removing.run(async () => {
                      await cutover.removeUpstream(name);
                      onChanged();
                    })
                  }
                >
                  Forget {name}
                </button>
              </span>
            ))}
            {add}
          </div>
          {removing.fault !== undefined && <Problem fault={removing.fault} />}
        </section>
      )}
      {adding && (
        <UpstreamForm
          onClose={() => setAdding(false)}
          onAdded={() => {
            setAdding(false);
            onChanged();
          }}
        />
      )}
    </>
  );
}

function UpstreamForm({
  onClose,
  onAdded,
}: {
  readonly onClose: () => void;
  readonly onAdded: () => void;
}): ReactNode {
  const [name, setName] = useState("");
  const [dialect, setDialect] = useState<Upstream["dialect"]>("go");
  const [url, setUrl] = useState("");
  const [keyFile, setKeyFile] = useState("");
  const { busy, fault, run } = useWork();
  return (
    <Dialog title="Name an older system" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          run(async () => {
            await cutover.addUpstream({
              name: name.trim(),
              dialect,
              url: url.trim(),
              ...(keyFile.trim() === "" ? {} : { key_file: keyFile.trim() }),
            });
            onAdded();
          });
        }}
      >
        <label>
          Name
          <input
            value={name}
            required
            pattern="[A-Za-z0-9_.\-]{1,64}"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label>
          Its wire
          <select
            value={dialect}
            onChange={(event) => setDialect(event.target.value === "rust" ? "rust" : "go")}
          >
            <option value="go">Go</option>
            <option value="rust">Rust</option>
          </select>
        </label>
        <label>
          Address
          <input
            type="url"
            value={url}
            required
            placeholder="http://127.0.0.1:4110"
            onChange={(event) => setUrl(event.target.value)}
          />
        </label>
        <label>
          File with the key that it is sent <span className="muted">(on the machine of the house)</span>
          <input value={keyFile} onChange={(event) => setKeyFile(event.target.value)} />
        </label>
        {fault !== undefined && <Problem fault={fault} />}
        <button type="submit" className="primary" disabled={busy || name.trim() === "" || url.trim() === ""}>
          {busy ? "Adding…" : "Pass its routes through"}
        </button>
      </form>
    </Dialog>
  );
}

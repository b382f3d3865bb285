// The requests that this tab sent last, each as curl, TypeScript and command.

import { type ReactNode, useState } from "react";
import { CopyButton } from "../parts/copy-button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useStore } from "../parts/store.ts";
import { hasKey } from "../wire/access-key.ts";
import { asCli, asCurl, asTypeScript } from "../wire/copy-as.ts";
import { type Sent, sentRequests, written } from "../wire/requests.ts";

const FORMS = {
  curl: (sent: Sent): string => asCurl(sent, location.origin, hasKey()),
  TypeScript: (sent: Sent): string => asTypeScript(sent, location.origin, hasKey()),
  Command: (sent: Sent): string => asCli(sent) ?? "There is no command for it yet.",
};

type Form = keyof typeof FORMS;

export function CopyAs({ onClose }: { readonly onClose: () => void }): ReactNode {
  const requests = useStore(sentRequests);
  const [at, setAt] = useState(0);
  const [form, setForm] = useState<Form>("curl");
  const chosen = requests[at];
  const text = chosen === undefined ? "" : FORMS[form](chosen);
  return (
    <Dialog title="Copy as" onClose={onClose} wide>
      {chosen === undefined ? (
        <p className="muted">Nothing was sent from this tab yet.</p>
      ) : (
        <>
          <label className="field">
            Request
            <select value={at} onChange={(event) => setAt(Number(event.target.value))}>
              {requests.map((sent, index) => (
                <option key={`${sent.at} ${index}`} value={index}>
                  {sent.operation.method} {written(sent.operation, sent.input).path}
                </option>
              ))}
            </select>
          </label>
          <div className="row" role="group" aria-label="Form">
            {(Object.keys(FORMS) as Form[]).map((name) => (
              <button key={name} type="button" aria-pressed={name === form} onClick={() => setForm(name)}>
                {name}
              </button>
            ))}
          </div>
          <pre className="code" tabIndex={0}>
            {text}
          </pre>
          <CopyButton text={text} label="Copy" />
        </>
      )}
    </Dialog>
  );
}

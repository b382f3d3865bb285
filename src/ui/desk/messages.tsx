// Messages to the people of an order: drafted, checked, copied or exported. Nothing is sent from here.

import { type ReactNode, useState } from "react";
import type { Channel, Fill, Message, Purpose, Seat } from "#contracts/fill";
import { CopyButton } from "../parts/copy-button.tsx";
import { Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import { counted } from "../parts/words.ts";
import { filld, send } from "../wire/client.ts";
import { FILLS } from "../wire/operations.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { ruleWords } from "./rule-words.ts";
import type { FillWork } from "./use-fill.ts";

const PURPOSE_WORDS: Readonly<Record<Purpose, string>> = {
  offer: "Offer the shift",
  confirm: "Confirm the shift",
  reminder: "Remind of the shift",
  cancel: "Cancel the shift",
};

interface MessagesProps {
  readonly fill: Fill;
  readonly held: readonly Seat[];
  readonly nameOf: (workerId: string) => string;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  /** Hears of the drafts, and of the version of the order that they made. */
  readonly onDrafted: FillWork["drafted"];
}

export function Messages({ fill, held, nameOf, open, onOpen, onDrafted }: MessagesProps): ReactNode {
  const fillId = fill.fill_id;
  const drafts = useLoaded(`messages ${fillId} ${fill.version}`, () => filld.messages({ fill_id: fillId }));
  const [channel, setChannel] = useState<Channel>("sms");
  const [purpose, setPurpose] = useState<Purpose>("offer");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const confirmed = fill.seats.filter(({ status }) => status === "confirmed");
  const receivers = purpose === "offer" ? held : [...held, ...confirmed];
  const latest = latestDrafts(drafts.data?.messages ?? []);
  const good = latest.filter(({ ok }) => ok).length;
  const work = async (task: () => ReturnType<typeof filld.draft>): Promise<boolean> => {
    setBusy(true);
    setFault(undefined);
    try {
      const { version, messages } = await task();
      onDrafted(
        version,
        messages.map(({ message_id }) => message_id),
      );
      return true;
    } catch (thrown) {
      setFault(toWireFault(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  };
  const draft = (): Promise<boolean> =>
    work(() =>
      filld.draft({
        fill_id: fillId,
        worker_ids: receivers.map(({ worker_id }) => worker_id),
        channel,
        purpose,
      }),
    );
  const shown = open || latest.length > 0;
  return (
    <section aria-labelledby="messages" className="card">
      <header className="section-head">
        <h2 id="messages">
          Messages{" "}
          <span className="muted">
            {latest.length === 0 ? "" : `${good} of ${latest.length} pass the checks`}
          </span>
        </h2>
        {!shown && (
          <button type="button" disabled={receivers.length === 0} onClick={() => onOpen(true)}>
            Draft <kbd>M</kbd>
          </button>
        )}
      </header>
      {!shown && receivers.length === 0 && (
        <p className="muted">Propose people first: messages are for them.</p>
      )}
      {shown && (
        <>
          <div className="row">
            <label className="grow">
              By
              <select value={channel} onChange={(event) => setChannel(event.target.value as Channel)}>
                <option value="sms">Text message</option>
                <option value="email">E-mail</option>
              </select>
            </label>
            <label className="grow">
              To
              <select value={purpose} onChange={(event) => setPurpose(event.target.value as Purpose)}>
                {Object.entries(PURPOSE_WORDS).map(([one, words]) => (
                  <option key={one} value={one}>
                    {words}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <div className="row">
            <button type="button" disabled={busy || receivers.length === 0} onClick={() => void draft()}>
              {busy ? "Drafting…" : `Draft for ${counted(receivers.length, "person", "people")}`}
            </button>
            {good > 0 && <Export fillId={fillId} onFault={setFault} />}
          </div>
          <p className="muted">Nothing is sent from here: copy a message, or export all that pass.</p>
        </>
      )}
      {fault !== undefined && <Problem fault={fault} />}
      {latest.length > 0 && (
        <ul className="drafts">
          {latest.map((message) => (
            <Draft
              key={`${message.worker_id} ${message.channel} ${message.purpose}`}
              message={message}
              name={nameOf(message.worker_id)}
              busy={busy}
              onCheck={(template) =>
                work(() =>
                  filld.draft({
                    fill_id: fillId,
                    worker_ids: [message.worker_id],
                    channel: message.channel,
                    purpose: message.purpose,
                    template,
                  }),
                )
              }
            />
          ))}
        </ul>
      )}
    </section>
  );
}

/** The newest draft for each person, way and purpose. */
function latestDrafts(messages: readonly Message[]): Message[] {
  const latest = new Map<string, Message>();
  for (const one of messages) latest.set(`${one.worker_id} ${one.channel} ${one.purpose}`, one);
  return [...latest.values()];
}

interface DraftProps {
  readonly message: Message;
  readonly name: string;
  readonly busy: boolean;
  readonly onCheck: (template: string) => Promise<boolean>;
}

function textOf({ subject, body }: Message): string {
  return subject === undefined ? body : `${subject}\n${body}`;
}

/** A text that a person changed goes back as a template of its own: {fields} in it are filled in. */
function Draft({ message, name, busy, onCheck }: DraftProps): ReactNode {
  const [edited, setEdited] = useDraft(`message ${message.message_id}`);
  const [editing, setEditing] = useState(edited !== "");
  const { ok, to, subject, body, findings } = message;
  const text = edited === "" ? textOf(message) : edited;
  const check = async (): Promise<void> => {
    if (!(await onCheck(text))) return;
    setEdited("");
    setEditing(false);
  };
  return (
    <li>
      <div className="seat-head">
        <b>{name}</b>
        <span className={ok ? "pill good" : "pill bad"}>{ok ? "Passes" : "Do not send"}</span>
        <span className="muted">{to ?? "no address on the roster"}</span>
      </div>
      {editing ? (
        <textarea
          aria-label={`Message to ${name}`}
          rows={subject === undefined ? 4 : 8}
          value={text}
          onChange={(event) => setEdited(event.target.value)}
        />
      ) : (
        <div className="message">
          {subject !== undefined && <b>{subject}</b>}
          <p>{body}</p>
        </div>
      )}
      {findings.map(({ code, message: says, hint, severity }) => (
        <div key={code + says} className={severity === "error" ? "check bad" : "check"}>
          <b>{ruleWords(code)}:</b> {says}
          {hint === undefined ? "" : `${/[.!?]$/.test(says) ? "" : "."} ${hint}`}
        </div>
      ))}
      <div className="row">
        {editing ? (
          <>
            <button type="button" className="small" disabled={busy} onClick={() => void check()}>
              Check and keep
            </button>
            <button
              type="button"
              className="small quiet"
              onClick={() => {
                setEdited("");
                setEditing(false);
              }}
            >
              Undo changes
            </button>
          </>
        ) : (
          <>
            {ok && <CopyButton text={text} label="Copy" />}
            <button type="button" className="small quiet" onClick={() => setEditing(true)}>
              Edit
            </button>
          </>
        )}
      </div>
    </li>
  );
}

const EXPORTS = [
  { label: "Export CSV", accept: "text/csv", ending: "csv" },
  { label: "Export for mail", accept: "application/mbox", ending: "mbox" },
] as const;

function Export({
  fillId,
  onFault,
}: {
  readonly fillId: string;
  readonly onFault: (fault: WireFault) => void;
}): ReactNode {
  const save = async (accept: string, name: string): Promise<void> => {
    try {
      const reply = await send(FILLS.messages, { fill_id: fillId }, { accept });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await reply.blob());
      link.download = name;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (thrown) {
      onFault(toWireFault(thrown));
    }
  };
  return EXPORTS.map(({ label, accept, ending }) => (
    <button
      key={ending}
      type="button"
      className="quiet"
      onClick={() => void save(accept, `${fillId}.${ending}`)}
    >
      {label}
    </button>
  ));
}

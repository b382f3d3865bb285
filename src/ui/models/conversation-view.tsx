// A model to try: the reply as it is written, what it cost, and which tries it took. The conversation stays in this tab.

import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { ChatEvent } from "#contracts/chat";
import { CopyButton } from "../parts/copy-button.tsx";
import { Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import { counted, msText } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { setParams, useParams } from "../shell/router.ts";
import { send } from "../wire/client.ts";
import { eventsOf } from "../wire/events.ts";
import { CHAT_STREAMS } from "../wire/operations.ts";
import { useWork } from "../wire/use-work.ts";
import { costText } from "./cost.ts";
import { messagesOf, type Turn, turnsIn, written } from "./conversation.ts";
import type { ProviderList } from "./providers.tsx";

export function Conversation({ providers }: { readonly providers: ProviderList | undefined }): ReactNode {
  const model = useParams().get("model") ?? "";
  const [text, setText] = useDraft("chat.text");
  const [system, setSystem] = useDraft("chat.system");
  const [kept, setKept] = useDraft("chat.turns");
  const turns = useMemo(() => turnsIn(kept), [kept]);
  const [writing, setWriting] = useState<Turn>();
  const work = useWork();
  const field = useRef<HTMLTextAreaElement>(null);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (writing !== undefined) end.current?.scrollIntoView({ block: "nearest" });
  }, [writing]);
  const ask = (): void => {
    const question = text.trim();
    if (question === "" || work.busy) return;
    const asked: readonly Turn[] = [...turns, { role: "user", content: question }];
    let reply: Turn = { role: "assistant", content: "" };
    work.run(async (signal) => {
      setWriting(reply);
      setKept(JSON.stringify(asked));
      setText("");
      try {
        const response = await send(
          CHAT_STREAMS.chatEvents,
          {
            messages: messagesOf(system, asked),
            stream: true,
            ...(model === "" ? {} : { model }),
          },
          { accept: "text/event-stream", signal },
        );
        if (response.body === null) return;
        for await (const event of eventsOf(response.body)) {
          reply = written(reply, event as ChatEvent);
          setWriting(reply);
        }
        setKept(JSON.stringify([...asked, reply]));
      } catch (thrown) {
        // What came is shown; the question is in the field again, to be asked once more.
        const came = reply.content !== "" || reply.reasoning !== undefined;
        setKept(JSON.stringify(came ? [...asked, { ...reply, cutOff: true }] : turns));
        setText(question);
        throw thrown;
      } finally {
        setWriting(undefined);
      }
    });
  };
  useCommands([
    { name: "Ask the model", keys: "/", run: () => field.current?.focus() },
    { name: "Begin a new conversation", run: () => setKept("") },
  ]);
  const known = providers?.providers.filter(({ configured }) => configured) ?? [];
  const names = known.flatMap(({ name, models = [] }) =>
    models.length === 0 ? [`${name}/`] : models.map((one) => `${name}/${one.name}`),
  );
  return (
    <div className="conversation">
      <div className="filters">
        <label>
          Model
          <input
            list="known-models"
            value={model}
            placeholder={providers?.default_model ?? "provider/name, such as scripted/echo"}
            onChange={(event) => setParams({ model: event.target.value.trim() })}
          />
          <datalist id="known-models">
            {["scripted/echo", ...names].map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </label>
        <label className="grow">
          Told before the first question
          <input
            value={system}
            maxLength={20_000}
            placeholder="Nothing"
            onChange={(event) => setSystem(event.target.value)}
          />
        </label>
        <button type="button" disabled={turns.length === 0 || work.busy} onClick={() => setKept("")}>
          New conversation
        </button>
      </div>
      <div
        className="turns"
        role="log"
        aria-label="Conversation"
        aria-live="polite"
        aria-busy={work.busy}
        tabIndex={0}
      >
        {turns.length === 0 && writing === undefined && (
          <p className="muted">
            Ask something below. The reply comes as it is written, with what it cost and how long it took.
          </p>
        )}
        {turns.map((turn, at) => (
          <Said key={at} turn={turn} />
        ))}
        {writing !== undefined && <Said turn={writing} isWriting />}
        <div ref={end} />
      </div>
      {work.fault !== undefined && <Problem fault={work.fault} again={ask} />}
      <form
        className="ask"
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <label>
          Your question
          <textarea
            ref={field}
            rows={3}
            value={text}
            maxLength={100_000}
            placeholder="Translate to Spanish: The shift starts at 6."
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
              event.preventDefault();
              ask();
            }}
          />
        </label>
        {work.busy ? (
          <button type="button" onClick={work.cancel}>
            Stop
          </button>
        ) : (
          <button type="submit" className="primary" disabled={text.trim() === ""}>
            Ask <kbd>Ctrl ⏎</kbd>
          </button>
        )}
      </form>
    </div>
  );
}

function Said({ turn, isWriting = false }: { readonly turn: Turn; readonly isWriting?: boolean }): ReactNode {
  const { role, content, reasoning, reply, cutOff } = turn;
  return (
    <article className={`turn ${role}`}>
      <header className="row">
        <b>{role === "user" ? "You" : reply === undefined ? "Model" : `${reply.provider}/${reply.model}`}</b>
        {cutOff === true && <span className="pill warn">Cut off</span>}
        {isWriting && <span className="muted">writing…</span>}
      </header>
      {reasoning !== undefined && (
        <details>
          <summary>What it thought first</summary>
          <p className="said muted">{reasoning}</p>
        </details>
      )}
      <p className="said">{content}</p>
      {reply !== undefined && (
        <footer className="row muted">
          <span>
            {counted(reply.usage.input_tokens, "token")} in,{" "}
            {reply.usage.output_tokens.toLocaleString("en-US")} out
            {reply.usage.estimated === true && " (estimated)"}
            {reply.usage.cost_usd !== undefined && ` · ${costText(reply.usage.cost_usd)}`} ·{" "}
            {msText(reply.took_ms)}
            {reply.finish_reason === "stop" ? "" : ` · ended by ${reply.finish_reason.replaceAll("_", " ")}`}
            {reply.attempts.length > 1 &&
              ` · ${counted(reply.attempts.length, "try", "tries")}: ${reply.attempts.map(({ provider, outcome }) => `${provider} ${outcome.replaceAll("_", " ")}`).join(", ")}`}
          </span>
          <CopyButton text={content} label="Copy" />
        </footer>
      )}
    </article>
  );
}

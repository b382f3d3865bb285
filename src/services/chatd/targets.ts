// Which provider and model a call goes to, and which ones after that: from the names in the request, before anything is
// sent. A model's name begins with its provider's, which is taken off once; what follows is the provider's own name.

import type { ChatProvider } from "#adapters/chat/chat-model";
import { Fault } from "#rpc/fault";
import { didYouMean } from "#lib/nearest";

export interface Target {
  readonly provider: ChatProvider;
  /** As the provider calls it. */
  readonly model: string;
}

export interface Named {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
}

/** Spellings that are in use for a provider; `kimi:` is the one prefix with a colon. */
const ALIASES: Readonly<Record<string, string>> = { moonshot: "kimi" };
const PREFIX = /^([a-z][a-z0-9_]*)(\/|(?<=kimi|moonshot):)(.+)$/s;

/** Throws `invalid` for a request that names no model, or a provider that is none, with its place. */
export function targetOf(
  { provider, model }: Named,
  providers: ReadonlyMap<string, ChatProvider>,
  standard: string | undefined,
  place = "model",
): Target {
  const name = model ?? (provider === undefined ? standard : undefined);
  if (name === undefined) {
    const how = provider === undefined ? "and no default model is set (LAKEHOUSE_CHAT_MODEL)" : "";
    throw invalid(place, `names no model ${how}`.trim());
  }
  const [, prefix = "", , rest = ""] = PREFIX.exec(name) ?? [];
  const prefixed = providers.get(ALIASES[prefix] ?? prefix);
  if (provider === undefined) {
    if (prefixed !== undefined) return { provider: prefixed, model: rest };
    throw invalid(
      place,
      `must begin with a provider, as in kimi/kimi-k2.6, or stand beside \`provider\`. ${known(prefix, providers)}`,
    );
  }
  const chosen = providers.get(provider);
  if (chosen === undefined) throw invalid("provider", `is none of this house. ${known(provider, providers)}`);
  return { provider: chosen, model: prefixed === chosen ? rest : name };
}

function known(name: string, providers: ReadonlyMap<string, ChatProvider>): string {
  const names = [...providers.keys()];
  return `Known: ${names.join(", ")}.${didYouMean(name, names)}`;
}

function invalid(path: string, message: string): Fault {
  return new Fault("invalid", `${path}: ${message}`, { details: [{ path, message }] });
}

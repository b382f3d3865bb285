// Runs of a model that drafts until the rules pass, as the journal recorded them (`draft.iterated`): attempt by attempt, what was
// written and what the rules said of it.

import type { JournalEvent } from "#contracts/journal";

export interface DraftAttempt {
  readonly number: number;
  readonly passed: boolean;
  readonly status: string;
  readonly draft: string;
  readonly reasons: readonly { readonly code: string; readonly path: string; readonly message: string }[];
  readonly model: string | undefined;
}

export interface DraftRun {
  readonly id: string;
  readonly seq: number;
  readonly at: string;
  readonly subject: string;
  readonly kind: string;
  readonly ok: boolean;
  readonly stopped: string;
  readonly iterations: number;
  readonly models: readonly string[];
  readonly prompt: string;
  readonly attempts: readonly DraftAttempt[];
  readonly tokens: number;
}

type Data = Readonly<Record<string, unknown>>;

const recordIn = (value: unknown): Data =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Data) : {};
const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textIn = (value: unknown): string => (typeof value === "string" ? value : "");

export function runOf({ id, seq, at, subject, data }: JournalEvent): DraftRun {
  const preference = recordIn(data["preference"]);
  const refused = listIn(preference["rejected"]).map((one, index): DraftAttempt => {
    const { status, draft, reasons, teacher } = recordIn(one);
    return {
      number: index + 1,
      passed: false,
      status: textIn(status),
      draft: textIn(draft),
      reasons: listIn(reasons).map((reason) => {
        const { code, path, message } = recordIn(reason);
        return { code: textIn(code), path: textIn(path), message: textIn(message) };
      }),
      model: modelOf(teacher),
    };
  });
  const chosen = textIn(preference["chosen"]);
  const passed: DraftAttempt[] =
    chosen === ""
      ? []
      : [
          {
            number: refused.length + 1,
            passed: true,
            status: "accepted",
            draft: chosen,
            reasons: [],
            model: modelOf(data["teacher"]),
          },
        ];
  const usage = recordIn(data["usage"]);
  return {
    id,
    seq,
    at,
    subject,
    kind: textIn(data["kind"]),
    ok: data["ok"] === true,
    stopped: textIn(data["stopped"]),
    iterations: Number(data["iterations"] ?? 0),
    models: listIn(data["models"]).map(String),
    prompt: textIn(preference["prompt"]),
    attempts: [...refused, ...passed],
    tokens: Number(usage["input_tokens"] ?? 0) + Number(usage["output_tokens"] ?? 0),
  };
}

function modelOf(teacher: unknown): string | undefined {
  const { provider, model } = recordIn(teacher);
  return typeof provider === "string" && typeof model === "string" ? `${provider}/${model}` : undefined;
}

/** A draft is JSON most of the time, and is read more easily with its lines. */
export function readableDraft(draft: string): string {
  try {
    return JSON.stringify(JSON.parse(draft), undefined, 2);
  } catch {
    return draft;
  }
}

const STOPPED: Readonly<Record<string, string>> = {
  accepted: "A draft passed the rules",
  max_iterations: "No draft passed in the tries that were allowed",
  same_artifact: "The model wrote the same again",
  protected_term: "The order asks for what no rule lets pass",
  order_at_fault: "The order itself breaks a rule",
  deadline: "The time was up",
  provider_error: "The model could not be reached",
};

export function stoppedWords(stopped: string): string {
  return STOPPED[stopped] ?? stopped.replaceAll("_", " ");
}

const STATUSES: Readonly<Record<string, string>> = {
  accepted: "Passed the rules",
  no_json: "Was not in the form that was asked for",
  validation_failed: "Broke rules",
  provider_error: "Did not come",
};

export function statusWords(status: string): string {
  return STATUSES[status] ?? status.replaceAll("_", " ");
}

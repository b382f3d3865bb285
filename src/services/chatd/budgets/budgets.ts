// What each key may spend in a day, and has spent: tokens and dollars. A call reserves what it may cost before it is made
// and settles what it did cost when it has ended, so calls side by side cannot exceed together what one may not alone.
//
// It survives kill -9 without a write for each call: what is durable is a mark above what was spent and reserved, raised
// in steps before it is reached. After a crash counting goes on from the mark, so that a crash can cost a part of a budget
// and never gives any of it back. A clean end leaves the exact numbers. A clock that is set back and forth over midnight gives
// nothing back either: what was spent is kept by its day, also of a day that is to come.

import type { State } from "#adapters/state";
import type { Budget } from "#contracts/chat";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";

export interface Amount {
  readonly tokens: number;
  readonly usd: number;
}

/** Null is no limit. */
export interface Limit {
  readonly tokens: number | null;
  readonly usd: number | null;
}

export interface Reservation {
  /** Replaces the reservation by what the call cost. Once; rejects when that could not be made durable. */
  settle(spent: Amount): Promise<void> | undefined;
}

/** One key on one day. */
interface Account {
  readonly key: string;
  readonly day: string;
  usedTokens: number;
  usedUsd: number;
  reservedTokens: number;
  reservedUsd: number;
  /** What the database has: never below used and reserved while a call of a limited key is under way. */
  markTokens: number;
  markUsd: number;
  /** When the mark was raised last, and what had been spent by then. */
  raisedAt: number;
  raisedTokens: number;
  raisedUsd: number;
  raising: Promise<void> | undefined;
}

/** Stands for every key without a budget of its own. */
const ANY = "*";
/** A crash costs at most this part of a day's limit. */
const STEPS_PER_LIMIT = 64;
/**
 * Where there is no limit, at least. What a crash adds is shown as spent and counts when the key is given a limit later
 * that day, so it is little: this, or what the key spends in a second, so that a busy one writes about that often.
 */
const STEP_TOKENS = 20_000;
const STEP_USD = 0.5;
const STEP_MS = 1000;
/** What was spent in less time says little of a second. */
const RATE_MS_MIN = 100;
/** Of two days. Names of keys are the house's own, and those of removed keys stay for the day. */
const ACCOUNTS_MAX = 20_000;
const DAY_MS = 86_400_000;

export interface Budgets {
  /** Undefined where nothing is limited. */
  limitOf(key: string): Limit | undefined;
  /** Throws `rate_limited` when the amount is more than is left today. */
  reserve(key: string, amount: Amount): Reservation | Promise<Reservation>;
  budgetOf(key: string): Budget;
  list(): Budget[];
  set(key: string, limit: Limit): Promise<void>;
  /** False when it has none. */
  drop(key: string): Promise<boolean>;
  /** Writes the exact numbers. */
  close(): Promise<void>;
}

export async function openBudgets(state: State, clock: Clock): Promise<Budgets> {
  await state.run(
    "create table if not exists budgets (key text primary key, tokens_per_day bigint, usd_per_day double precision)",
  );
  await state.run(
    "create table if not exists spent (key text, day text, tokens bigint not null, usd double precision not null, primary key (key, day))",
  );
  const limits = new Map<string, Limit>();
  for (const row of await state.all("select key, tokens_per_day, usd_per_day from budgets")) {
    limits.set(String(row["key"]), {
      tokens: numberOrNull(row["tokens_per_day"]),
      usd: numberOrNull(row["usd_per_day"]),
    });
  }
  let today = dayOf(clock.now());
  let todayEnds = nextDayMs(clock.now());
  await state.run("delete from spent where day < $1", [dayOf(clock.now() - DAY_MS)]);
  /** By day and key: see accountName. */
  const accounts = new Map<string, Account>();
  for (const row of await state.all("select key, day, tokens, usd from spent")) {
    const [key, day] = [String(row["key"]), String(row["day"])];
    const [tokens, usd] = [Number(row["tokens"]), Number(row["usd"])];
    accounts.set(accountName(day, key), {
      ...emptyAccount(key, day, clock.now()),
      usedTokens: tokens,
      usedUsd: usd,
      markTokens: tokens,
      markUsd: usd,
      raisedTokens: tokens,
      raisedUsd: usd,
    });
  }

  const limitOf = (key: string): Limit | undefined => limits.get(key) ?? limits.get(ANY);

  const accountOf = (key: string): Account => {
    const now = clock.now();
    if (now >= todayEnds || now < todayEnds - DAY_MS) {
      today = dayOf(now);
      todayEnds = nextDayMs(now);
      const kept = dayOf(now - DAY_MS);
      for (const [name, { day }] of accounts) if (day < kept) accounts.delete(name);
    }
    let account = accounts.get(accountName(today, key));
    if (account === undefined) {
      if (accounts.size >= ACCOUNTS_MAX) throw new Fault("unavailable", "Too many keys have called today.");
      account = emptyAccount(key, today, now);
      accounts.set(accountName(today, key), account);
    }
    return account;
  };

  const write = (account: Account, tokens: number, usd: number): Promise<number> =>
    state.run(
      "insert into spent (key, day, tokens, usd) values ($1, $2, $3, $4) on conflict (key, day) do update set tokens = excluded.tokens, usd = excluded.usd",
      [account.key, account.day, tokens, usd],
    );

  /** Undefined when the mark is high enough already. */
  const raise = (account: Account): Promise<void> | undefined => {
    if (!isAboveMark(account)) return undefined;
    // What came meanwhile may be more than what is being written.
    return moveMark(account).then(() => raise(account));
  };
  /** One write at a time for each account. */
  const moveMark = (account: Account): Promise<void> =>
    (account.raising ??= raiseMark(account).finally(() => {
      account.raising = undefined;
    }));
  const raiseMark = async (account: Account): Promise<void> => {
    const limit = limitOf(account.key);
    const { usedTokens, usedUsd } = account;
    const heldTokens = usedTokens + account.reservedTokens;
    const heldUsd = usedUsd + account.reservedUsd;
    const now = clock.now();
    const seconds = Math.max(RATE_MS_MIN, now - account.raisedAt) / STEP_MS;
    const tokensStep = Math.max(STEP_TOKENS, (usedTokens - account.raisedTokens) / seconds);
    const usdStep = Math.max(STEP_USD, (usedUsd - account.raisedUsd) / seconds);
    // What is not spent gets no step: models that cost nothing show no dollars after a crash.
    const tokens =
      heldTokens > account.markTokens ? heldTokens + stepOf(limit?.tokens, tokensStep) : account.markTokens;
    const usd =
      heldUsd > account.markUsd + USD_EPSILON ? heldUsd + stepOf(limit?.usd, usdStep) : account.markUsd;
    account.raisedAt = now;
    account.raisedTokens = usedTokens;
    account.raisedUsd = usedUsd;
    await write(account, Math.ceil(tokens), usd);
    account.markTokens = tokens;
    account.markUsd = usd;
  };

  const shown = (key: string): Budget => {
    const account = accountOf(key);
    const limit = limitOf(key);
    return {
      key,
      tokens_per_day: limit?.tokens ?? null,
      usd_per_day: limit?.usd ?? null,
      day: account.day,
      used_tokens: Math.ceil(account.usedTokens),
      used_usd: rounded(account.usedUsd),
      reserved_tokens: Math.ceil(account.reservedTokens),
      reserved_usd: rounded(account.reservedUsd),
      resets_at: new Date(nextDayMs(clock.now())).toISOString(),
    };
  };

  return {
    limitOf,
    reserve: (key, amount) => {
      const account = accountOf(key);
      refuseExcess(account, limitOf(key), amount, clock.now());
      account.reservedTokens += amount.tokens;
      account.reservedUsd += amount.usd;
      const reservation = reservationOf(account, amount, raise);
      const raised = raise(account);
      if (raised === undefined) return reservation;
      return raised.then(
        () => reservation,
        (error: unknown) => {
          account.reservedTokens -= amount.tokens;
          account.reservedUsd -= amount.usd;
          throw error;
        },
      );
    },
    budgetOf: shown,
    list: () => {
      const callers = [...accounts.values()].filter(({ day }) => day === dayOf(clock.now()));
      return [...new Set([...limits.keys(), ...callers.map(({ key }) => key)])].sort().map(shown);
    },
    set: async (key, limit) => {
      await state.run(
        "insert into budgets (key, tokens_per_day, usd_per_day) values ($1, $2, $3) on conflict (key) do update set tokens_per_day = excluded.tokens_per_day, usd_per_day = excluded.usd_per_day",
        [key, limit.tokens, limit.usd],
      );
      limits.set(key, limit);
      // A mark that was raised in the steps of another limit would cost too much of this one after a crash.
      for (const account of accounts.values()) {
        if (key !== account.key && key !== ANY) continue;
        await account.raising;
        await moveMark(account);
      }
    },
    drop: async (key) => {
      await state.run("delete from budgets where key = $1", [key]);
      return limits.delete(key);
    },
    close: async () => {
      for (const account of accounts.values()) {
        await account.raising;
        // Calls in flight were not settled: what they reserved counts.
        const tokens = Math.ceil(account.usedTokens + account.reservedTokens);
        const usd = account.usedUsd + account.reservedUsd;
        if (tokens > 0 || usd > 0) await write(account, tokens, usd);
      }
      await state.close();
    },
  };
}

function reservationOf(
  account: Account,
  amount: Amount,
  raise: (account: Account) => Promise<void> | undefined,
): Reservation {
  let settled = false;
  return {
    settle: ({ tokens, usd }) => {
      if (settled) return undefined;
      settled = true;
      account.reservedTokens -= amount.tokens;
      account.reservedUsd -= amount.usd;
      account.usedTokens += tokens;
      account.usedUsd += usd;
      return raise(account);
    },
  };
}

function refuseExcess(
  account: Account,
  limit: Limit | undefined,
  { tokens, usd }: Amount,
  nowMs: number,
): void {
  if (limit === undefined) return;
  const tokensLeft = (limit.tokens ?? Infinity) - account.usedTokens - account.reservedTokens;
  const usdLeft = (limit.usd ?? Infinity) - account.usedUsd - account.reservedUsd;
  if (tokens <= tokensLeft && usd <= usdLeft + USD_EPSILON) return;
  const [what, left, needed] =
    tokens > tokensLeft
      ? ["tokens", String(Math.max(0, Math.floor(tokensLeft))), String(Math.ceil(tokens))]
      : ["USD", Math.max(0, usdLeft).toFixed(4), usd.toFixed(4)];
  const resetMs = nextDayMs(nowMs);
  throw new Fault(
    "rate_limited",
    `The budget of the key ${account.key} has ${left} ${what} left today, and this call may take ${needed}. Ask for less with max_tokens, wait until ${new Date(resetMs).toISOString()}, or have the budget raised: lakehouse budget set`,
    { reason: "budget", retryAfterMs: resetMs - nowMs },
  );
}

function accountName(day: string, key: string): string {
  return `${day} ${key}`;
}

/** What adding up fractions of a cent may be off by. */
const USD_EPSILON = 1e-9;

function isAboveMark({
  usedTokens,
  usedUsd,
  reservedTokens,
  reservedUsd,
  markTokens,
  markUsd,
}: Account): boolean {
  return usedTokens + reservedTokens > markTokens || usedUsd + reservedUsd > markUsd + USD_EPSILON;
}

function stepOf(limit: number | null | undefined, unlimited: number): number {
  return limit === null || limit === undefined ? unlimited : limit / STEPS_PER_LIMIT;
}

function emptyAccount(key: string, day: string, now: number): Account {
  return {
    key,
    day,
    usedTokens: 0,
    usedUsd: 0,
    reservedTokens: 0,
    reservedUsd: 0,
    markTokens: 0,
    markUsd: 0,
    raisedAt: now,
    raisedTokens: 0,
    raisedUsd: 0,
    raising: undefined,
  };
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function rounded(usd: number): number {
  return Math.max(0, Math.round(usd * 1e6) / 1e6);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function nextDayMs(ms: number): number {
  return (Math.floor(ms / DAY_MS) + 1) * DAY_MS;
}

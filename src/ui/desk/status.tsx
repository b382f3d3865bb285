// States as pills: the word carries the meaning, the colour only helps to find it.

import type { ReactNode } from "react";
import type { FillStatus, SeatStatus } from "#contracts/fill";
import { SEAT_WORDS, STATUS_WORDS } from "./order-words.ts";

type Tone = "plain" | "info" | "good" | "warn" | "bad";

const FILL_TONES: Readonly<Record<FillStatus, Tone>> = {
  open: "plain",
  proposed: "bad",
  validated: "info",
  contacted: "info",
  partially_filled: "warn",
  filled: "good",
  completed: "good",
  cancelled: "plain",
  lost: "plain",
};

const SEAT_TONES: Readonly<Record<SeatStatus, Tone>> = {
  proposed: "info",
  contacted: "info",
  confirmed: "good",
  completed: "good",
  declined: "warn",
  no_show: "bad",
  late_cancel: "bad",
  blocked: "bad",
  cancelled: "plain",
  replaced: "plain",
};

export function FillStatusPill({ status }: { readonly status: FillStatus }): ReactNode {
  return <span className={`pill ${FILL_TONES[status]}`}>{STATUS_WORDS[status]}</span>;
}

export function SeatStatusPill({ status }: { readonly status: SeatStatus }): ReactNode {
  return <span className={`pill ${SEAT_TONES[status]}`}>{SEAT_WORDS[status]}</span>;
}

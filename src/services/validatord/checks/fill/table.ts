// The checks of a fill, in the order in which their findings come.

import type { Check } from "../check.ts";
import * as pay from "./pay.ts";
import * as people from "./people.ts";
import * as qualified from "./qualified.ts";
import type { FillRow, FillSubject } from "./subject.ts";
import * as time from "./time.ts";
import * as whole from "./whole.ts";

export const FILL_CHECKS: readonly Check<FillSubject, FillRow>[] = [
  whole.schema,
  whole.headcountShort,
  whole.headcountOver,
  people.duplicateWorker,
  people.unknownWorker,
  people.nameMismatch,
  people.status,
  people.roleMismatch,
  people.location,
  people.dnr,
  qualified.certMissing,
  qualified.certExpired,
  qualified.background,
  qualified.i9,
  qualified.drug,
  time.doubleBooked,
  time.restGap,
  time.weeklyHours,
  pay.payBelowMin,
  pay.payFloor,
  pay.payAboveBill,
  pay.payOvertime,
  pay.payBand,
  whole.protectedTerm,
  whole.reliability,
];

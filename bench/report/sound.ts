// A load whose requests fail measures nothing: its figures are not reported, what failed is.

import type { LoadResult } from "../load/load.ts";

export function sound(result: LoadResult): LoadResult {
  if (result.errors === 0 && result.requests > 0) return result;
  const { errors, requests, statuses, failures, first_mismatch } = result;
  const what = JSON.stringify({ statuses, failures, first_mismatch });
  throw new Error(`${errors} of ${errors + requests} requests failed: ${what}`);
}

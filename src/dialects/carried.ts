// Where a foreign request says what the native operation is asked: the values of the native path, its query, and whether
// a codec writes its body.

import type { DialectRow, ForeignRequest, NativeRequest } from "./dialect.ts";

/** Whether a codec looks at the body; one that none looks at is the service's to parse. */
export function readsBody({ request }: DialectRow): boolean {
  return request !== undefined;
}

/** On the native path its own fields count. */
export function paramsOf(
  made: NativeRequest,
  { params }: ForeignRequest,
  onNativePath: boolean,
): Readonly<Record<string, string>> {
  if (made.params === undefined) return params;
  return onNativePath ? { ...made.params, ...params } : { ...params, ...made.params };
}

/** The request's own unless the codec writes one; from the question mark on. */
export function queryOf({ query }: NativeRequest, url: string): string {
  if (query !== undefined) return `?${new URLSearchParams(query).toString()}`;
  const asked = url.indexOf("?");
  return asked === -1 ? "" : url.slice(asked);
}

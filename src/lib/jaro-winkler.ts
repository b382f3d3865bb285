// Jaro-Winkler similarity of two texts, 0 to 1: letters that agree nearby, swaps among them, and a bonus for a common
// beginning. Winkler, "String Comparator Metrics and Enhanced Decision Rules", 1990; prefix of four, scale 0.1.

const PREFIX_MAX = 4;
const PREFIX_SCALE = 0.1;

export function jaroWinkler(a: string, b: string): number {
  if (a === b) return 1;
  const jaro = jaroOf(a, b);
  let prefix = 0;
  while (prefix < PREFIX_MAX && prefix < a.length && a[prefix] === b[prefix]) prefix += 1;
  return jaro + prefix * PREFIX_SCALE * (1 - jaro);
}

function jaroOf(a: string, b: string): number {
  if (a === "" || b === "") return 0;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const taken = new Uint8Array(b.length);
  const matched: string[] = [];
  for (let at = 0; at < a.length; at += 1) {
    const to = Math.min(b.length - 1, at + reach);
    for (let place = Math.max(0, at - reach); place <= to; place += 1) {
      if (taken[place] === 1 || a[at] !== b[place]) continue;
      taken[place] = 1;
      matched.push(a[at] ?? "");
      break;
    }
  }
  if (matched.length === 0) return 0;
  let swapped = 0;
  let next = 0;
  for (let place = 0; place < b.length; place += 1) {
    if (taken[place] !== 1) continue;
    if (b[place] !== matched[next]) swapped += 1;
    next += 1;
  }
  const { length } = matched;
  return (length / a.length + length / b.length + (length - swapped / 2) / length) / 3;
}

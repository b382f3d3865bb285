// The one CSV that we write: commas, double quotes, line feeds, empty for NULL.

export function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// The one CSV that we write: double quotes, line feeds, empty for NULL.

export function csvCell(text: string, delimiter = ","): string {
  return /["\n\r]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
}
